import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadService, readModelFile } from '@millrace/model';
import { memberOrder, stringHash } from '../src/java-order.ts';
import { applyPatch } from '../src/model-file.ts';

describe('the service', () => {
  test('has the identity and every operation of the model', () => {
    const service = loadService('kinesis');
    assert.equal(service.id, 'kinesis');
    assert.equal(service.targetPrefix, 'Kinesis_20131202');
    assert.equal(service.signingName, 'kinesis');
    assert.deepEqual([...service.operations.keys()], Object.keys(readModelFile('kinesis').operations));
    assert.equal(service.operations.size, 57);
    assert.equal(loadService('kinesis'), service);
  });

  test('knows which member is an event stream and which errors an operation has', () => {
    const subscribe = loadService('kinesis').operations.get('SubscribeToShard');
    const stream = subscribe?.output.members[0]?.shape;
    assert.ok(stream?.type === 'structure' && stream.isEventStream);
    assert.ok(subscribe?.errors.includes('ResourceInUseException'));
  });
});

describe('patches', () => {
  test('are in what is loaded', () => {
    const policy = loadService('kinesis').operations.get('GetResourcePolicy')?.output.members[0];
    assert.deepEqual([policy?.name, policy?.required], ['Policy', false]);
  });

  test('that lead nowhere are told', () => {
    const root = { shapes: { A: { min: 1 } } };
    applyPatch(root, { path: ['shapes', 'A', 'min'], value: 2, evidence: '' });
    assert.deepEqual(root, { shapes: { A: { min: 2 } } });
    for (const path of [['shapes', 'B', 'min'], ['shapes', 'A', 'max'], []]) {
      assert.throws(() => applyPatch(root, { path, value: 1, evidence: '' }), /its patch is stale/);
    }
  });
});

describe("Java's order", () => {
  test('strings hash as in Java', () => {
    // From the documentation of String.hashCode: the empty string is 0; "Aa" and "BB" are the classic collision.
    assert.equal(stringHash(''), 0);
    assert.equal(stringHash('Aa'), 2112);
    assert.equal(stringHash('BB'), 2112);
    assert.equal(stringHash('hello world'), 1794106052);
  });

  test('does not depend on the order given', () => {
    const names = ['streamName', 'shardToMerge', 'adjacentShardToMerge', 'streamARN', 'streamId'];
    assert.deepEqual(memberOrder(names), memberOrder(names.toReversed()));
    assert.equal(memberOrder(names).at(-1), 'streamName');
  });
});
