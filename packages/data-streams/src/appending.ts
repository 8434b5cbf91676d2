import { AwsError } from '@millrace/model';
import type { Batch, LogRecord } from '@millrace/log';
import { invalidArgument, streamNotFound } from './errors.ts';
import { checkExplicitHashKey, routeExplicitHashKey, routePartitionKey, routesOf, takeTurn } from './routing.ts';
import type { Routes } from './routing.ts';
import type { DataStreams } from './service.ts';
import { shardId } from './shard-id.ts';
import { sequenceNumbersOf } from './shards.ts';
import type { Shard, Stream } from './state.ts';
import { keyOf } from './stream-lookup.ts';

/** A record as PutRecord and PutRecords get it. */
export interface IncomingRecord {
  readonly PartitionKey?: string;
  readonly ExplicitHashKey?: string;
  readonly Data: Buffer;
}

/** What became of each record, in the order of the request: parts of the answer. */
export type RecordOutcome =
  | { readonly SequenceNumber: string; readonly ShardId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** How long a put waits for the children of a shard that is being split or merged. */
const reshardPatienceMs = 10_000;
const requestBytes = 10 << 20;

/** Records that `checkRecords` let pass, with their sizes: data and UTF-8 bytes of the partition key. */
export interface CheckedRecords {
  readonly records: readonly IncomingRecord[];
  readonly sizes: readonly number[];
  /** Their sum. */
  readonly bytes: number;
}

/**
 * Stores records: one append a shard, each in the order of the request, and an outcome a record. Records that meet a shard
 * in the middle of a split or merge wait for its children and are stored there, once.
 */
export async function appendRecords(
  service: DataStreams,
  stream: Stream,
  checked: CheckedRecords,
): Promise<RecordOutcome[]> {
  const { records } = checked;
  const outcomes = new Array<RecordOutcome>(records.length);
  let todo = records.map((_, index) => index);
  const deadlineMs = service.world.clock.monotonicMs() + reshardPatienceMs;
  for (;;) {
    const routes = routesOf(stream);
    const groups = groupByShard(stream, routes, records, todo);
    todo = await appendGroups(service, stream, groups, { ...checked, outcomes });
    if (todo.length === 0) return outcomes;
    const left = deadlineMs - service.world.clock.monotonicMs();
    if (left <= 0) {
      for (const index of todo)
        outcomes[index] = { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' };
      return outcomes;
    }
    if (routesOf(stream) === routes) await service.nextChange(keyOf(stream), left);
    if (!service.state.streams.has(keyOf(stream)) || stream.status === 'DELETING')
      throw streamNotFound(stream.name, stream.account);
  }
}

/** Records of one shard, by their place in the request. */
interface Group {
  readonly shard: Shard;
  readonly indices: number[];
}

/** In the order in which the request names the shards. */
function groupByShard(
  stream: Stream,
  routes: Routes,
  records: readonly IncomingRecord[],
  todo: readonly number[],
): Group[] {
  const groups: Group[] = [];
  const { shards, groupAt } = routes;
  const auto = stream.recordDistribution === 'AUTO';
  for (const index of todo) {
    const { PartitionKey: partitionKey, ExplicitHashKey: explicitHashKey } = records[index]!;
    let position: number;
    if (auto) position = takeTurn(routes);
    else if (explicitHashKey !== undefined) position = routeExplicitHashKey(routes, explicitHashKey);
    else position = routePartitionKey(routes, partitionKey!);
    const shard = shards[position]!;
    const group = groups[groupAt[position]!];
    // What stands in groupAt may be of an earlier request.
    if (group?.shard === shard) group.indices.push(index);
    else {
      groupAt[position] = groups.length;
      groups.push({ shard, indices: [index] });
    }
  }
  return groups;
}

/** Answers the records that must be tried elsewhere: all that were to be appended to shards that are closed. */
async function appendGroups(
  service: DataStreams,
  stream: Stream,
  groups: readonly Group[],
  checked: CheckedRecords & { outcomes: RecordOutcome[] },
): Promise<number[]> {
  const { keyRef } = stream.encryption;
  const batches: TakenBatch[] = [];
  for (const group of groups) {
    const batch = takeBatch(service, stream, group, checked);
    if (batch.records.length > 0) batches.push({ ...batch, keyRef });
  }
  if (batches.length === 0) return [];
  const appended = await service.log.appendAll(batches);
  const { outcomes } = checked;
  const metrics = service.metrics.of(stream);
  const again: number[] = [];
  for (const [nth, { shard, indices, bytes }] of batches.entries()) {
    const outcome = appended[nth]!;
    if (outcome === 'closed') again.push(...indices);
    else if (outcome instanceof Error) {
      service.report(outcome);
      for (const index of indices)
        outcomes[index] = { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' };
    } else {
      service.traffic.note(shard.logId, bytes, indices.length);
      metrics.wrote(shard.number, bytes, indices.length);
      const ShardId = shardId(shard.number);
      const numbers = sequenceNumbersOf(shard);
      numbers.begin(outcome.firstIndex + 1, Math.floor(outcome.arrivalMs / 1000));
      for (const index of indices) outcomes[index] = { SequenceNumber: numbers.take(), ShardId };
    }
  }
  return again;
}

interface TakenBatch extends Batch {
  readonly shard: Shard;
  readonly indices: readonly number[];
  readonly bytes: number;
}

/** The records of a group that the shard's rate lets pass; the others have their outcome. */
function takeBatch(
  service: DataStreams,
  stream: Stream,
  { shard, indices }: Group,
  { records, sizes, outcomes }: CheckedRecords & { outcomes: RecordOutcome[] },
): Omit<TakenBatch, 'keyRef'> {
  const batch: LogRecord[] = [];
  const taken: number[] = [];
  let bytes = 0;
  for (const index of indices) {
    const { PartitionKey: partitionKey = '', Data: data } = records[index]!;
    const size = sizes[index]!;
    if (!service.limits.takeWrite(shard.logId, size)) {
      service.metrics.of(stream).exceeded('Write', shard.number);
      outcomes[index] = rateExceeded(stream, shard);
      continue;
    }
    bytes += size;
    batch.push({ partitionKey, data });
    taken.push(index);
  }
  return { logId: shard.logId, records: batch, shard, indices: taken, bytes };
}

function rateExceeded(stream: Stream, shard: Shard): RecordOutcome {
  return {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: `Rate exceeded for shard ${shardId(shard.number)} in stream ${stream.name} under account ${stream.account}.`,
  };
}

/** What must hold before anything is stored: the stream takes puts, and each record has a key and fits. */
export function checkRecords(
  stream: Stream,
  records: readonly IncomingRecord[],
  path: (index: number) => string,
): CheckedRecords {
  if (stream.status === 'CREATING' || stream.status === 'DELETING') throw streamNotFound(stream.name, stream.account);
  const sizes: number[] = [];
  let total = 0;
  for (let index = 0; index < records.length; index += 1) {
    const { PartitionKey: partitionKey, ExplicitHashKey: explicitHashKey, Data: data } = records[index]!;
    if (partitionKey === undefined && stream.recordDistribution !== 'AUTO') {
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value null at '${path(index)}partitionKey' failed to satisfy constraint: Member must not be null`,
      );
    }
    if (explicitHashKey !== undefined) checkExplicitHashKey(explicitHashKey);
    const size = data.length + (partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey));
    checkSize(stream, data.length, size);
    sizes.push(size);
    total += size;
  }
  if (total > requestBytes) throw invalidArgument(`Records size exceeds ${requestBytes} bytes.`);
  return { records, sizes, bytes: total };
}

/** Only the data count against 1 MiB as long as that is the maximum: AWS's oldest rule. */
function checkSize({ name, account, maxRecordSizeKiB }: Stream, dataBytes: number, size: number): void {
  const largest = maxRecordSizeKiB * 1024;
  if ((largest === 1 << 20 ? dataBytes : size) <= largest) return;
  throw invalidArgument(
    `The size of the record, ${size} bytes, exceeds the maximum record size of ${largest} bytes of stream ${name} under account ${account}.`,
  );
}

/** The EncryptionType member: absent on an unencrypted stream (recorded). */
export function encryptionOf(stream: Stream): { EncryptionType?: 'KMS' } {
  return stream.encryption.keyRef === 0 ? {} : { EncryptionType: 'KMS' };
}
