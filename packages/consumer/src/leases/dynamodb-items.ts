import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Lease, LeaseChange } from './lease.ts';

export type Item = Record<string, AttributeValue>;

/** KCL's multi-stream serializer keeps the stream's identifier as streamName, "for legacy reasons". */
export function itemOf(lease: Lease): Item {
  const { leaseKey, shardId, stream, owner, counter, checkpoint, tip, parentShardIds, hashKeyRange } = lease;
  return {
    leaseKey: { S: leaseKey },
    leaseCounter: { N: String(counter) },
    ownerSwitchesSinceCheckpoint: { N: '0' },
    checkpoint: { S: checkpoint.sequenceNumber },
    checkpointSubSequenceNumber: { N: String(checkpoint.subSequenceNumber) },
    entityType: { S: 'LEASE' },
    ...(stream !== undefined && { streamName: { S: stream }, shardId: { S: shardId } }),
    ...(owner !== undefined && { leaseOwner: { S: owner } }),
    ...(lease.checkpointOwner !== undefined && { checkpointOwner: { S: lease.checkpointOwner } }),
    ...(tip && { millraceTipIterator: { S: tip.iterator }, millraceTipSinceMs: { N: String(tip.sinceMs) } }),
    ...(lease.throughputKBps !== undefined && { throughputKBps: { N: String(lease.throughputKBps) } }),
    ...(parentShardIds.length > 0 && { parentShardId: { SS: [...parentShardIds] } }),
    ...(hashKeyRange && { startingHashKey: { S: hashKeyRange.start }, endingHashKey: { S: hashKeyRange.end } }),
  };
}

/** Undefined for what is no lease: KCL 3.5 keeps its leader and its workers' metrics beside the leases. */
export function leaseOf(item: Item): Lease | undefined {
  const { leaseKey, leaseCounter, checkpoint, startingHashKey: start, endingHashKey: end } = item;
  const entity = item['entityType']?.S ?? 'LEASE';
  if (entity !== 'LEASE' || leaseKey?.S === undefined || leaseCounter === undefined) return undefined;
  const iterator = item['millraceTipIterator']?.S;
  return {
    leaseKey: leaseKey.S,
    shardId: item['shardId']?.S ?? leaseKey.S,
    stream: item['streamName']?.S,
    owner: item['leaseOwner']?.S,
    checkpointOwner: item['checkpointOwner']?.S,
    counter: Number(leaseCounter.N),
    checkpoint: {
      sequenceNumber: checkpoint!.S!,
      subSequenceNumber: Number(item['checkpointSubSequenceNumber']?.N ?? 0),
    },
    tip: iterator === undefined ? undefined : { iterator, sinceMs: Number(item['millraceTipSinceMs']?.N ?? 0) },
    throughputKBps: item['throughputKBps']?.N === undefined ? undefined : Number(item['throughputKBps'].N),
    parentShardIds: item['parentShardId']?.SS ?? [],
    hashKeyRange: start?.S === undefined || end?.S === undefined ? undefined : { start: start.S, end: end.S },
  };
}

/** A change as an update of the item; `:seen` is the counter to be found. */
export function updateOf(
  lease: Lease,
  change: LeaseChange,
): { UpdateExpression: string; ExpressionAttributeValues: Item } {
  const sets = ['leaseCounter = :next'];
  const removes: string[] = [];
  const values: Item = { ':seen': { N: String(lease.counter) }, ':next': { N: String(lease.counter + 1) } };
  const put = (attribute: string, value: AttributeValue | undefined): void => {
    if (value === undefined) return void removes.push(attribute);
    sets.push(`${attribute} = :${attribute}`);
    values[`:${attribute}`] = value;
  };
  if ('owner' in change) put('leaseOwner', change.owner === undefined ? undefined : { S: change.owner });
  if ('checkpointOwner' in change)
    put('checkpointOwner', change.checkpointOwner === undefined ? undefined : { S: change.checkpointOwner });
  if (change.throughputKBps !== undefined) put('throughputKBps', { N: String(change.throughputKBps) });
  if (change.checkpoint !== undefined) {
    put('checkpoint', { S: change.checkpoint.sequenceNumber });
    put('checkpointSubSequenceNumber', { N: String(change.checkpoint.subSequenceNumber) });
    // What a worker in Java prepared and did not come to.
    removes.push('pendingCheckpoint', 'pendingCheckpointSubSequenceNumber', 'pendingCheckpointState');
  }
  if (change.tip !== undefined || change.checkpoint !== undefined) {
    put('millraceTipIterator', change.tip && { S: change.tip.iterator });
    put('millraceTipSinceMs', change.tip && { N: String(change.tip.sinceMs) });
  }
  if ('owner' in change && change.owner !== lease.owner) {
    sets.push('ownerSwitchesSinceCheckpoint = if_not_exists(ownerSwitchesSinceCheckpoint, :zero) + :one');
    Object.assign(values, { ':zero': { N: '0' }, ':one': { N: '1' } });
  } else if (change.checkpoint !== undefined) put('ownerSwitchesSinceCheckpoint', { N: '0' });
  const UpdateExpression = `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`;
  return { UpdateExpression, ExpressionAttributeValues: values };
}
