import { invalidArgument } from '../errors.ts';
import { decodeSequenceNumber } from '../sequence-number.ts';
import type { DecodedSequenceNumber } from '../sequence-number.ts';
import type { DataStreams } from '../service.ts';
import { shardId } from '../shard-id.ts';
import type { Shard, Stream } from '../state.ts';

/** A starting position as GetShardIterator and SubscribeToShard take it. */
export interface StartingPosition {
  readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER' | 'TRIM_HORIZON' | 'LATEST' | 'AT_TIMESTAMP';
  readonly sequenceNumber: string | undefined;
  readonly timestampMs: number | undefined;
}

/** The index at which reading begins. Checks in AWS's order and words (recorded). */
export async function resolvePosition(
  service: DataStreams,
  { stream, shard, operation }: { stream: Stream; shard: Shard; operation: string },
  position: StartingPosition,
): Promise<number> {
  const { type, sequenceNumber, timestampMs } = position;
  const bySequenceNumber = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER';
  if (bySequenceNumber !== (sequenceNumber !== undefined) && type !== 'AT_TIMESTAMP') {
    throw invalidArgument(
      'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
        `Request specified ${type} and ${sequenceNumber === undefined ? 'no' : 'also a'} StartingSequenceNumber.`,
    );
  }
  if (bySequenceNumber) {
    const decoded = checkSequenceNumber({ stream, shard, operation }, sequenceNumber!);
    if (decoded.isEnd) return endOf(shard, type);
    return type === 'AT_SEQUENCE_NUMBER' ? decoded.atIndex : decoded.afterIndex;
  }
  if (type === 'AT_TIMESTAMP') {
    if (timestampMs === undefined)
      throw invalidArgument(
        'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.',
      );
    const now = service.world.clock.now();
    if (timestampMs > now) {
      throw invalidArgument(
        `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${timestampMs}, currentTimestampInMillis: ${now}`,
      );
    }
    return service.log.firstAtOrAfter(shard.logId, timestampMs);
  }
  return type === 'LATEST' ? (shard.closed?.endIndex ?? service.log.status(shard.logId)?.nextIndex ?? 0) : 0;
}

/** An ending number: there is nothing after it, and readers like Spring's know the end of a shard by these words. */
function endOf({ closed }: Shard, type: string): number {
  if (type === 'AFTER_SEQUENCE_NUMBER' || closed === undefined) {
    throw invalidArgument(
      `Invalid SequenceNumber for ShardIteratorType ${type}, SequenceNumber has reached max possible value for the shard.`,
    );
  }
  return closed.endIndex;
}

function checkSequenceNumber(
  { stream, shard, operation }: { stream: Stream; shard: Shard; operation: string },
  given: string,
): DecodedSequenceNumber {
  const used = `StartingSequenceNumber ${given} used in ${operation} on shard ${shardId(shard.number)} in stream ${stream.name} under account ${stream.account} is invalid`;
  const decoded = decodeSequenceNumber(given);
  if (decoded === undefined) {
    const other = oldLayoutShard(given);
    if (other === undefined) throw invalidArgument(`${used}.`);
    if (other !== shard.number) throw otherShard(shardId(other), shard);
    throw invalidArgument(`${used} because it did not come from this stream.`);
  }
  if (decoded.shardNumber !== shard.number) {
    const { shardNumber } = decoded;
    throw otherShard(
      shardNumber < 0 ? `shardId--${String(-shardNumber).padStart(11, '0')}` : shardId(shardNumber),
      shard,
    );
  }
  if (decoded.createdSecond !== shard.createdSecond)
    throw invalidArgument(`${used} because it did not come from this stream.`);
  return decoded;
}

function otherShard(encoded: string, shard: Shard): Error {
  return invalidArgument(
    `Invalid StartingSequenceNumber. It encodes ${encoded}, while it was used in a call to a shard with ${shardId(shard.number)}`,
  );
}

/** Small numbers are read as version 0, whose last four hex digits are the shard (recorded: 5 "encodes shardId-000000000005"). */
function oldLayoutShard(given: string): number | undefined {
  const value = BigInt(given);
  if (value >= 2n ** 124n) return undefined;
  return Number(value & 0xffffn);
}
