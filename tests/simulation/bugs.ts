import { firehoseBugs } from './firehose-bugs.ts';
import type { PlantedBug } from './planted-bug.ts';

const committer = 'packages/log/src/embedded/committer.ts';
const journal = 'packages/log/src/embedded/journal.ts';
const log = 'packages/log/src/embedded/embedded-log.ts';
const lines = 'packages/log/src/checked-lines.ts';
const streams = 'packages/data-streams/src';
const producer = 'packages/producer/src';
const consumer = 'packages/consumer/src';

const tailing = 'packages/agent/src/tailing';
const mappings = 'packages/functions/src/mappings';

export const bugs: readonly PlantedBug[] = [
  ...firehoseBugs,
  {
    what: 'the journal acknowledges before the sync',
    file: journal,
    from: '      await file.datasync();\n    } catch (error) {\n      // What a failed',
    to: '    } catch (error) {\n      // What a failed',
  },
  {
    what: 'what a refused write left stays at the end of a file',
    file: journal,
    from: '    await this.#scrub();',
    to: '',
    seeds: 4000,
  },
  {
    what: 'a torn last write is served in part',
    file: journal,
    from: 'header.start <= gapFrom) break;',
    to: 'header.start <= gapFrom) continue;',
  },
  {
    what: 'checksums are not looked at',
    file: 'packages/log/src/embedded/entry.ts',
    from: "if (crc32(bytes.subarray(at + 8, at + length)) !== bytes.readUInt32BE(at + 4)) return 'bad';",
    to: '',
  },
  {
    what: 'a new journal file is not synced into its directory',
    file: journal,
    from: '    await writeHeader(file, number);\n    await world.disk.syncDirectory(directory);',
    to: '    await writeHeader(file, number);',
  },
  {
    what: 'the journal is freed before the segments have its entries',
    file: log,
    from: '    this.#flush = flushShards(',
    to: '    void this.#journal.releaseBefore(epoch);\n    this.#flush = flushShards(',
  },
  {
    what: 'indices of refused appends stay given out',
    file: committer,
    from: '      shard.allotted = shard.visible;\n      shard.settleAppend();',
    to: '      shard.settleAppend();',
  },
  {
    what: 'a short read is taken for the end of the file',
    file: 'packages/log/src/embedded/segment.ts',
    from: '    if (count === 0) break;\n    have += count;',
    to: '    have += count;\n    break;',
  },
  {
    what: 'damage in a segment is passed over in silence',
    file: 'packages/log/src/embedded/segment-reader.ts',
    from: 'this.#options.report(',
    to: 'void String(',
  },
  {
    what: 'arrival times follow a clock that steps back',
    file: committer,
    from: 'Math.max(now, shard.lastArrivalMs)',
    to: 'now',
  },
  {
    what: 'recovery serves again what segments have',
    file: log,
    from: 'if (header.firstIndex < shard.storedEnd) {',
    to: 'if (header.firstIndex < -1) {',
  },
  {
    what: 'the registry acknowledges before the sync',
    file: lines,
    from: '      await this.#file.datasync();\n    } catch (error) {\n      this.#failure',
    to: '    } catch (error) {\n      this.#failure',
  },
  {
    what: 'measurements that a snapshot has already are counted again',
    file: 'packages/cloudwatch/src/metric-store.ts',
    from: '    if (series.change >= change) return;\n',
    to: '',
  },
  {
    what: 'the changes before a snapshot go before it has its name',
    file: 'packages/cloudwatch/src/metric-log.ts',
    from: '    await disk.rename(`${path}.draft`, path);\n',
    to: '    await this.#removeBelow(number);\n    await disk.rename(`${path}.draft`, path);\n',
  },
  {
    what: 'a shard is closed without waiting for its appends',
    file: log,
    from: '    await shard.appendsSettled();\n',
    to: '',
  },
  {
    what: 'a child of a split begins one hash key too late',
    file: `${streams}/reshard/complete.ts`,
    from: 'startHash: step.newStartingHash,',
    to: 'startHash: step.newStartingHash + 1n,',
  },
  {
    what: 'expired records are served',
    file: `${streams}/reading.ts`,
    from: 'if (records.length === 0 || records[0]!.arrivalMs >= oldestMs)',
    to: 'if (records.length >= 0)',
  },
  {
    what: 'retention is an hour early',
    file: `${streams}/reading.ts`,
    from: 'place.stream.retentionHours * 3_600_000',
    to: '(place.stream.retentionHours - 1) * 3_600_000',
  },
  {
    what: 'a lease is written whoever has written it since',
    file: 'packages/consumer/src/leases/memory-leases.ts',
    from: 'if (present?.counter !== lease.counter) return Promise.resolve(undefined);',
    to: 'if (present === undefined) return Promise.resolve(undefined);',
  },
  {
    what: 'a shard is read before its parents are over',
    file: 'packages/consumer/src/balance.ts',
    from: '!isFinished(lease) && lease.parentShardIds.every((parent) => isOver(lease, parent))',
    to: '!isFinished(lease)',
  },
  {
    what: 'a parent without a lease is taken for over',
    file: 'packages/consumer/src/shards.ts',
    from: 'if (shard === undefined || this.#hasHeirs(shardId)) return false;',
    to: 'if (shard === undefined || parentsOf(shard).length >= 0) return false;',
  },
  {
    what: 'a record is reported as stored where another one is',
    file: `${producer}/delivery.ts`,
    from: "ErrorMessage = '' } = results[at] ?? {};",
    to: "ErrorMessage = '' } = results[at - 1] ?? results[at] ?? {};",
  },
  {
    what: 'a record that holds some of another shard is taken for stored',
    file: `${producer}/delivery.ts`,
    from: 'users.some((pending) => placeOf(pending, range) !== 0)',
    to: 'users.every((pending) => placeOf(pending, range) !== 0)',
  },
  {
    what: 'where the shards cannot be listed, aggregated records are taken for rightly stored',
    file: `${producer}/delivery.ts`,
    from: 'this.#routing.forget();\n      return true;',
    to: 'this.#routing.forget();\n      return false;',
  },
  {
    what: 'all records of a request are sent again for one that failed',
    file: `${producer}/delivery.ts`,
    from: '    counters.requestsUnderWay -= 1;\n',
    to: '    if (outcome.again.length > 0) outcome.again.splice(0, Infinity, ...entries);\n    counters.requestsUnderWay -= 1;\n',
  },
  {
    what: 'a key has two records under way',
    file: `${producer}/row.ts`,
    from: '(this.#busyKeys.has(key) || keptKeys.has(key))',
    to: 'keptKeys.has(key)',
  },
  {
    what: 'a record passes one of its key that waits to be sent again',
    file: `${producer}/row.ts`,
    from: '(this.#busyKeys.has(key) || keptKeys.has(key))',
    to: 'this.#busyKeys.has(key)',
  },
  {
    what: 'what must be sent again goes behind the rest',
    file: `${producer}/row.ts`,
    from: '[...entries, ...this.#entries]',
    to: '[...this.#entries, ...entries]',
  },
  {
    what: 'records go by a new map of the shards while some by the old one are under way',
    file: `${producer}/routing.ts`,
    from: '    await quiet();\n',
    to: '',
  },
  {
    what: 'payloads leave as they are made, not as they were put',
    file: `${producer}/payloads.ts`,
    from: "if (making.state === 'making') return;",
    to: "if (making.state === 'making') continue;",
  },
  {
    what: 'memory of what is given up is not free again',
    file: `${producer}/ledger.ts`,
    from: '      pending.reject(new DeliveryError(message, pending.attempts));\n      this.#settled(pending);',
    to: '      pending.reject(new DeliveryError(message, pending.attempts));',
  },
  {
    what: 'every worker begins at a tip of its own',
    file: `${consumer}/pages.ts`,
    from: '    if (tip !== undefined) return tip.iterator;\n',
    to: '',
  },
  {
    what: 'where an iterator has expired reading begins at the tip again',
    file: `${consumer}/pages.ts`,
    from: "this.#iteratorAt({ type: 'AT_TIMESTAMP', since: new Date(tip.sinceMs - clockSkewMs) })",
    to: 'this.#iteratorAt(position)',
  },
  {
    what: 'a tip whose answer was lost is taken anew',
    file: `${consumer}/pages.ts`,
    from: 'this.#tip ??= {',
    to: 'this.#tip = {',
  },
  {
    what: 'a lease is handed over in the middle of a page',
    file: `${consumer}/held-lease.ts`,
    from: 'if (next.checkpointOwner === this.#workerId) this.#asked.abort();',
    to: 'if (next.checkpointOwner === this.#workerId) this.lose();',
  },
  {
    what: 'who is to have a lease does not wait for who has it',
    file: `${consumer}/consumer.ts`,
    from: 'if (lease.checkpointOwner === undefined) return true;',
    to: 'if (lease.counter >= 0) return true;',
  },
  {
    what: 'a lease is asked for and nobody lets it go',
    file: `${consumer}/held-lease.ts`,
    from: 'await this.#write(isAsked ? { checkpointOwner: undefined } : {',
    to: 'await this.#write(isAsked ? {} : {',
    seeds: 800,
  },
  {
    what: 'a worker that cannot renew goes on reading',
    file: `${consumer}/consumer.ts`,
    from: '        lease.loseAfter(this.#settings.failoverMs * 0.75);\n',
    to: '',
  },
  {
    what: 'what lies behind a poison record in its page is passed over',
    file: `${consumer}/shard-reader.ts`,
    from: 'records = records.slice(failure.failed.length);',
    to: 'records = [];',
  },
  {
    what: 'what lies before a poison record counts as processed and is not',
    file: `${consumer}/shard-reader.ts`,
    from: 'const done = failure === undefined ? records : records.slice(0, records.indexOf(failure.failed[0]!));',
    to: 'const done = failure === undefined ? records : records.slice(0, 1);',
  },
  {
    what: 'a worker that stops does not checkpoint the page in work',
    file: `${consumer}/shard-reader.ts`,
    from: 'if (failure === undefined) return this.#checkpointAfter(records);',
    to: 'if (failure === undefined) return this.#isOn && this.#checkpointAfter(records);',
  },
  {
    what: 'leases are asked for to and fro',
    file: `${consumer}/balance.ts`,
    from: 'loadOf(lease) <= 0.75 * difference + 1e-6;\n    return lease.owner === richest && lease.checkpointOwner === undefined && isCloser && !isRecent(lease);',
    to: 'loadOf(lease) <= 1.5 * difference + 1e-6;\n    return lease.owner === richest && lease.checkpointOwner === undefined && isCloser;',
  },
  {
    what: 'a shard of one stream waits for a parent of another',
    file: `${consumer}/shard-sync.ts`,
    from: '      const key = leaseKeyOf(stream, parentShardId);',
    to: "      const key = leaseKeyOf(stream?.replace(':t:', ':s:'), parentShardId);",
  },
  {
    what: 'iterators lose their place at a restart',
    file: 'packages/data-streams/test/support.ts',
    from: 'Buffer.alloc(32, 7)',
    to: 'world.random.bytes(32)',
  },
  {
    what: 'an agent checkpoints what it has read, not what is stored',
    file: `${tailing}/tracked-file.ts`,
    from: 'const { offset, tail } = this.stored;',
    to: 'const { offset, tail } = this.position;',
  },
  {
    what: 'an agent does not see that a file was truncated and is longer again',
    file: `${tailing}/file-reader.ts`,
    from: ' || !bytes.subarray(0, tail.length).equals(tail)',
    to: '',
  },
  {
    what: 'an agent begins at the end of files that it found and had not written down',
    file: `${tailing}/file-flow.ts`,
    from: '    await this.#save();\n    if (!this.#isStopped)',
    to: '    if (!this.#isStopped)',
  },
  {
    what: "a mapping's children are read beside their parents",
    file: 'packages/log/src/readable-shards.ts',
    from: '!isRead(shard) && shard.parents.every(isReadOrGone)',
    to: '!isRead(shard) && isReadOrGone !== undefined',
  },
  {
    what: "a mapping keeps the place of a shard's fastest lane",
    file: `${mappings}/mapping-runner.ts`,
    from: 'return Math.min(...lanes.map',
    to: 'return Math.max(...lanes.map',
  },
  {
    what: 'a lane of a mapping begins where the fastest one was',
    file: `${mappings}/mapping-runner.ts`,
    from: 'index: ahead[number]!,',
    to: 'index: Math.max(...ahead),',
  },
  {
    what: 'a mapping gives records up without telling',
    file: `${mappings}/lane.ts`,
    from: 'items.length > 0 && onFailure !== undefined',
    to: 'items.length > 8 && onFailure !== undefined',
  },
  {
    what: 'a mapping takes what is behind a reported record for done',
    file: `${mappings}/lane.ts`,
    from: '        batch = startingAt(batch, rest);\n',
    to: '        return this.#moveTo(batch.to);\n',
  },
  {
    what: 'an event is done when its function has failed once',
    file: 'packages/functions/src/events/event-queue.ts',
    from: "if (functionError !== undefined) return 'failed';",
    to: '',
  },
];
