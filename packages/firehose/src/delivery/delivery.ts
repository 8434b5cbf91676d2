import { createHash } from 'node:crypto';
import type { ProcessingConfiguration } from '@millrace/model/firehose';
import { ConvertedObject } from '../conversion/converted-object.ts';
import { conversionOf } from '../conversion/settings.ts';
import { bucketOf } from '../destinations/s3/settings.ts';
import { Processing } from '../processing/processing.ts';
import type { Take } from '../processing/processing.ts';
import { stepsOf } from '../processing/steps.ts';
import type { ProcessedRecord } from '../processing/processed-record.ts';
import type { Firehose } from '../service.ts';
import type { DeliveryStream } from '../state.ts';
import { sourceShard } from '../source.ts';
import type { DeliveryStreamMetrics, DestinationMetrics } from '../metrics/delivery-stream-metrics.ts';
import type { Attempt, Bucket, Partition } from './attempt.ts';
import { contentEncodingOf } from './compression.ts';
import { DeliveryError } from './delivery-error.ts';
import { logFault } from './error-log.ts';
import type { DeliveryFault, Logging } from './error-log.ts';
import { errorObjects } from './failed-record.ts';
import type { FailedRecord } from './failed-record.ts';
import { FailedSeries } from './failed-series.ts';
import { readSpan } from './window.ts';

/** What processing may make of a window where all of it is held: windows have 128 MiB at most. */
const collectedBytes = 256 << 20;
const tooLarge = `Processing made more than ${collectedBytes >> 20} MiB of what is delivered at once. Use a smaller buffer.`;

/** An object that is being made of records. */
export interface OpenObject {
  readonly add: Take;
  /** An object of nothing says nothing, and is not stored. */
  store(): Promise<void>;
  /** Lets go of what it holds. */
  discard(): void;
}

/** One try to deliver a window: what a kind of destination works with. */
export class Delivery {
  readonly service: Firehose;
  readonly stream: DeliveryStream;
  readonly attempt: Attempt;
  /** Fires when nobody waits for the try any more: it is to end soon. */
  readonly signal: AbortSignal;
  /** Says that nothing of the window is in memory any more: others may have its room while this waits. */
  readonly letGo: () => void;
  /** Whether processing makes the same of the same records, whenever it is tried: functions and slow queries may not. */
  #isRepeatable = true;

  /** What the destination's metrics begin with. */
  readonly metricsName: DestinationMetrics;
  readonly #logging: Logging;

  constructor(
    at: Pick<Delivery, 'service' | 'stream' | 'attempt' | 'signal' | 'letGo' | 'metricsName'> & {
      readonly logging: Logging;
    },
  ) {
    this.service = at.service;
    this.stream = at.stream;
    this.attempt = at.attempt;
    this.signal = at.signal;
    this.letGo = at.letGo;
    this.metricsName = at.metricsName;
    this.#logging = at.logging;
  }

  /** The bucket for what failed, or is kept, and where S3 is the destination for everything. */
  get s3(): Bucket {
    return this.attempt.destination.s3;
  }

  /**
   * Hands over the window's records, processed, in their order; answers those that could not be processed, but for what of them
   * is at the error prefix already.
   */
  async process(configuration: ProcessingConfiguration | undefined, take: Take): Promise<readonly FailedRecord[]> {
    const { service, stream, attempt, signal } = this;
    const { log, world, functions, queries } = service;
    const isFromStream = stream.source !== undefined;
    const steps = stepsOf(configuration, { isPartitioned: true, destination: attempt.destination.type });
    if (steps.lambda !== undefined || steps.query !== undefined) this.#isRepeatable = false;
    const report = service.report.bind(service);
    const { metrics } = this;
    const context = { world, functions, queries, stream, signal, isFromStream, metrics, report };
    const failed = new FailedSeries(this, 'unprocessed');
    const takeFailed = (records: readonly FailedRecord[]): Promise<void> => failed.add(records);
    const processing = new Processing(steps, context, { take, takeFailed });
    for (const span of attempt.window.spans) {
      const from = { logId: span.logId, shard: sourceShard(service, stream, span.logId) };
      await readSpan(log, span, (page) => processing.add(page, from));
    }
    await processing.end();
    return failed.take();
  }

  /**
   * The same, all of them in memory: their data are theirs. What there is no room for is answered with those that could not be
   * processed: data that decompress to a thousand times their size would end the server, and again after every start.
   */
  async collect(
    configuration: ProcessingConfiguration | undefined,
    into: ProcessedRecord[],
  ): Promise<readonly FailedRecord[]> {
    const tooMany = new FailedSeries(this, 'collected');
    let bytes = 0;
    const failed = await this.process(configuration, async (records) => {
      // Without what they came in: that is lent.
      for (const { source: _, data, ...record } of records) {
        bytes += data.length;
        const own = { ...record, data: Buffer.from(data) };
        if (bytes <= collectedBytes) into.push(own);
        else await tooMany.add([{ ...own, code: 'Processing.TooLarge', message: tooLarge }]);
      }
    });
    return [...failed, ...tooMany.take()];
  }

  get metrics(): DeliveryStreamMetrics {
    return this.service.metrics.of(this.stream);
  }

  /** Begins an object; `role` keeps apart the objects of one delivery. It is to be discarded in the end, stored or not. */
  openObject(role: string, s3: Bucket, partition?: Partition): OpenObject {
    const conversion = conversionOf(s3);
    if (conversion !== undefined) {
      const nameOf = (content: string): string => this.attempt.nameOf(`${role} ${content}`, s3, partition);
      const errorNameOf = (content: string): string =>
        this.attempt.errorNameOf('format-conversion-failed', s3, `${role} ${content}`);
      return new ConvertedObject(this, { s3, nameOf, errorNameOf, conversion });
    }
    const { compressors, world } = this.service;
    const compressor = compressors[s3.CompressionFormat]!(world);
    const content = createHash('sha1');
    let [bytes, count] = [0, 0];
    return {
      add: (records) => {
        count += records.length;
        // The one copy of what the log lends.
        const page = Buffer.concat(records.map(({ data }) => data));
        bytes += page.length;
        if (!this.#isRepeatable) content.update(page);
        return compressor.add(page);
      },
      store: async () => {
        if (bytes === 0) return;
        const own = this.#isRepeatable ? role : `${role} ${content.digest('hex')}`;
        const key = this.attempt.nameOf(own, s3, partition);
        await this.store(s3, key, await compressor.finish(), contentEncodingOf(s3.CompressionFormat));
        if (partition === undefined) this.attempt.stored.set(role, key);
        const name = role === 'backup' ? 'BackupToS3' : 'DeliveryToS3';
        this.metrics.count(`${name}.Records`, count);
        this.metrics.count(`${name}.Bytes`, bytes);
        if (name === 'DeliveryToS3') this.metrics.count('DeliveryToS3.ObjectCount');
      },
      discard: () => compressor.discard(),
    };
  }

  /** Stores what `feed` adds as one object, and answers what `feed` does. */
  async storeObject<Result>(
    role: string,
    s3: Bucket,
    feed: (add: Take) => Promise<Result>,
    partition?: Partition,
  ): Promise<Result> {
    const object = this.openObject(role, s3, partition);
    try {
      const result = await feed((records) => object.add(records));
      await object.store();
      return result;
    } finally {
      object.discard();
    }
  }

  /**
   * Stores records that failed at the error prefix, or those of tables, objects for each way to fail; `part` keeps apart the
   * objects of one delivery whose records failed in the same way.
   */
  async storeFailed(errorOutputType: string, failed: readonly FailedRecord[], part = ''): Promise<void> {
    const endedMs = this.service.world.clock.now();
    for (const { code, message, lambdaArn } of oneOfEachCode(failed))
      this.logFault({ code, message, ...(lambdaArn !== undefined && { processor: lambdaArn }) });
    for (const [prefix, its] of Map.groupBy(failed, ({ errorPrefix }) => errorPrefix)) {
      const s3 = prefix === undefined ? this.s3 : { ...this.s3, ErrorOutputPrefix: prefix };
      const byType = Map.groupBy(its, (record) => record.outputType ?? errorOutputType);
      for (const [type, records] of byType) {
        const content = this.identityOf(records.map(({ data }) => data));
        let piece = 0;
        for (const lines of errorObjects(records, endedMs)) {
          piece += 1;
          // Two prefixes may have the same records: each is an object of its own.
          const name = this.attempt.errorNameOf(type, s3, [content, part, prefix ?? '', piece].join(' '));
          await this.store(s3, name, lines);
        }
      }
    }
  }

  /**
   * What tells apart what processing made in one try and in another. Another try's object has another name then: a put that was
   * given up and lands late replaces nothing that has other records. The same where the window alone decides.
   */
  identityOf(data: readonly Buffer[]): string {
    if (this.#isRepeatable) return '';
    const content = createHash('sha1');
    for (const one of data) content.update(`${one.length} `).update(one);
    return content.digest('hex');
  }

  /** Stores an object under its whole name. Rejects with DeliveryError. */
  async store(s3: Bucket, key: string, body: readonly Buffer[], contentEncoding?: string): Promise<void> {
    const kmsKeyArn = s3.EncryptionConfiguration.KMSEncryptionConfig?.AWSKMSKeyARN;
    const bucket = bucketOf(s3);
    try {
      await this.service.objects.put({ bucket, key, body, contentEncoding, kmsKeyArn, signal: this.signal });
    } catch (error) {
      const { name, message } = error as Error;
      throw new DeliveryError(`S3.${name}`, message, { cause: error });
    }
  }

  /** Tells whoever runs the delivery stream. */
  logFault(fault: DeliveryFault): void {
    logFault(this.service, this.stream, this.#logging, fault);
  }
}

function oneOfEachCode(failed: readonly FailedRecord[]): Iterable<FailedRecord> {
  return new Map(failed.map((record) => [record.code, record])).values();
}
