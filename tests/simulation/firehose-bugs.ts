import type { PlantedBug } from './planted-bug.ts';

const delivery = 'packages/firehose/src/delivery';
const search = 'packages/firehose/src/destinations/opensearch';
const iceberg = 'packages/firehose/src/destinations/iceberg';
const redshift = 'packages/firehose/src/destinations/redshift';
const s3 = 'packages/firehose/src/destinations/s3';
const lambda = 'packages/firehose/src/processing/lambda';

export const firehoseBugs: readonly PlantedBug[] = [
  {
    what: 'the position goes on before the object is stored',
    file: `${delivery}/deliverer.ts`,
    from: '      await orStopped(this.#deliver(stream, attempt, letGo), this.#leaving.signal);\n',
    to: '      void this.#deliver(stream, attempt, letGo).catch(() => undefined);\n',
  },
  {
    what: 'a record behind what went into an object is taken for delivered',
    file: `${delivery}/window.ts`,
    from: 'else span.to = index + 1;',
    to: 'else span.to = index + 2;',
  },
  {
    what: "a document's id is another with every try",
    file: `${search}/documents.ts`,
    from: '${short(arrivalMs)}.${piece}`',
    to: '${short(arrivalMs)}.${piece}-${Math.random()}`',
  },
  {
    what: 'half an answer to a bulk is taken for one without refusals',
    file: `${search}/bulk.ts`,
    from: '  } catch {\n    return undefined;\n  }\n  const items',
    to: '  } catch {\n    return [];\n  }\n  const items',
  },
  {
    what: 'what a cluster has no room for is taken for indexed',
    file: `${search}/bulk.ts`,
    from: 'status >= 200 && status < 300 ?',
    to: 'status !== 400 ?',
  },
  {
    what: 'a bulk that was too large is sent by its first half alone',
    file: `${search}/bulk.ts`,
    from: '    await this.send(items.slice(half));\n',
    to: '',
  },
  {
    what: "an append's id is another with every try",
    file: `${iceberg}/kind.ts`,
    from: "${stream.name}-${hash.digest('hex')}`",
    to: "${stream.name}-${hash.digest('hex')}${Math.random()}`",
  },
  {
    what: 'appends of the same size share an id',
    file: `${iceberg}/kind.ts`,
    from: "hash.digest('hex')",
    to: 'String(records.length)',
  },
  {
    what: 'what a table does not take is taken for appended',
    file: `${iceberg}/kind.ts`,
    from: '    for (const { place, reason } of refused) notTaken.push({ place: places[place]!, reason });\n',
    to: '    void refused.length;\n',
  },
  {
    what: 'an append that nobody answered is given up at once',
    file: `${iceberg}/kind.ts`,
    from: "return new DeliveryError('Iceberg.CatalogFailure', message, { cause: error });",
    to: "return new DeliveryError('Iceberg.CatalogFailure', message, { isFinal: true, cause: error });",
  },
  {
    what: 'what was to be loaded is given up without a manifest among the errors',
    file: `${redshift}/kind.ts`,
    from: "'errors/manifests/'));\n  await delivery.store(s3, key, [manifestOf(delivery, s3)]);\n",
    to: "'errors/manifests/'));\n",
  },
  {
    what: 'a COPY that was given up is asked for again',
    file: `${redshift}/kind.ts`,
    from: 'if (staged.givenUp === undefined) {\n    staged',
    to: '{\n    staged',
  },
  {
    what: 'what was loaded is loaded again where its position could not be recorded',
    file: `${redshift}/kind.ts`,
    from: 'staged.isLoaded = true;',
    to: '',
  },
  {
    what: 'a COPY is given up before its time is over',
    file: `${redshift}/kind.ts`,
    from: 'if (triedMs < redshift',
    to: 'if (triedMs * 2 < redshift',
  },
  {
    what: 'what a function makes of a window in another try replaces what it made before',
    file: `${delivery}/delivery.ts`,
    from: 'this.#isRepeatable = false;',
    to: 'this.#isRepeatable = true;',
  },
  {
    what: 'records that a function did not answer are taken for dropped',
    file: `${lambda}/function-answer.ts`,
    from: "results.get(id) ?? new ProcessingError('Lambda.MissingRecordId', texts.missing)",
    to: "results.get(id) ?? 'dropped'",
  },
  {
    what: 'a backup that was refused is not tried again',
    file: `${s3}/kind.ts`,
    from: "  await delivery.storeObject('backup', backup, (add) => delivery.process(undefined, add));\n  attempt.isBackedUp = true;\n",
    to: "  attempt.isBackedUp = true;\n  await delivery.storeObject('backup', backup, (add) => delivery.process(undefined, add));\n",
  },
  {
    what: 'partitions that cannot be stored are forgotten when their time is over',
    file: `${s3}/partitioned-delivery.ts`,
    from: 'for (const records of await stored(partitions, { delivery, s3, round: rounds })) await failed.add(records);',
    to: 'await stored(partitions, { delivery, s3, round: rounds });',
  },
];
