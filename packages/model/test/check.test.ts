import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, loadService } from '@millrace/model';
import type { Member, StructureShape } from '@millrace/model';
import { CheckCompiler } from '../src/check.ts';

const kinesis = loadService('kinesis');
const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/some';

function violations(operation: string, input: unknown): string {
  const found = kinesis.operations.get(operation);
  assert.ok(found !== undefined);
  try {
    found.check(input);
  } catch (error) {
    assert.ok(error instanceof AwsError && error.code === 'ValidationException');
    return error.message;
  }
  return '';
}

describe('members', () => {
  test('a good input passes', () => {
    assert.equal(violations('PutRecord', { StreamName: 'a.b_c-1', PartitionKey: 'k', Data: Buffer.alloc(0) }), '');
    assert.equal(violations('GetShardIterator', { StreamARN: arn, ShardId: '1', ShardIteratorType: 'LATEST' }), '');
  });

  test('a structure in a structure has its path', () => {
    assert.equal(
      violations('CreateStream', { StreamName: 'a', StreamModeDetails: { StreamMode: 'BOTH' } }),
      "1 validation error detected: Value 'BOTH' at 'streamModeDetails.streamMode' failed to satisfy constraint: " +
        'Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]',
    );
    assert.equal(
      violations('CreateStream', { StreamName: 'a', StreamModeDetails: {} }),
      "1 validation error detected: Value null at 'streamModeDetails.streamMode' failed to satisfy constraint: " +
        'Member must not be null',
    );
  });

  test('a pattern has to match the whole value', () => {
    for (const StreamARN of [`${arn} `, ` ${arn}`, `${arn}\n`]) {
      assert.match(
        violations('DescribeStream', { StreamARN }),
        /^1 validation error detected: .* at 'streamARN' failed/s,
      );
    }
  });

  test('a text made to keep patterns busy is refused at once', () => {
    const StreamARN = `arn:aws${':kinesis:'.repeat(100_000)}`;
    const message = violations('DescribeStream', { StreamARN });
    assert.ok(message.endsWith('Member must have length less than or equal to 2048'));
  });
});

describe('blobs', () => {
  const limit = 10 * 1024 * 1024;

  test('the length is that of the bytes', () => {
    assert.equal(violations('PutRecord', { PartitionKey: 'k', Data: Buffer.alloc(limit) }), '');
    assert.equal(
      violations('PutRecord', { PartitionKey: 'k', Data: Buffer.alloc(limit + 1) }),
      "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=10485761 cap=10485761]' at 'data' failed to " +
        'satisfy constraint: Member must have length less than or equal to 10485760',
    );
  });
});

describe('lists and maps', () => {
  test('scalars in a list report once, with all their constraints', () => {
    assert.equal(
      violations('RemoveTagsFromStream', { TagKeys: ['a', '', 'b', ''] }),
      "1 validation error detected: Value '[a, , b, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy " +
        'constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]',
    );
    assert.match(
      violations('EnableEnhancedMonitoring', { ShardLevelMetrics: ['ALL', 'NONE'] }),
      /'\[ALL, NONE\]' at 'shardLevelMetrics' .* Member must satisfy constraint: \[Member must satisfy enum value set: \[/,
    );
  });

  test('a null in a list is refused, as is one in a map', () => {
    assert.equal(
      violations('PutRecords', { Records: [{ PartitionKey: 'k', Data: Buffer.alloc(0) }, null] }),
      "1 validation error detected: Value null at 'records.2.member' failed to satisfy constraint: Member must not be null",
    );
    assert.match(violations('RemoveTagsFromStream', { TagKeys: ['a', null] }), /^1 validation error .*'\[a, null\]'/);
    assert.match(
      violations('AddTagsToStream', { Tags: { a: null } }),
      /^1 validation error .*'\{a=null\}'.* Map value/,
    );
  });

  test('a map reports its keys and its values', () => {
    const message = violations('AddTagsToStream', { Tags: { '': 'a'.repeat(257) } });
    assert.match(message, /^2 validation errors detected: .* Map keys must .*; .* Map value must /);
  });

  test('ten violations are listed at most', () => {
    const Records = Array.from({ length: 400 }, () => ({ PartitionKey: '' }));
    const message = violations('PutRecords', { Records });
    assert.ok(message.startsWith('10 validation errors detected: '));
    assert.equal(message.split('; ').length, 10);
    assert.ok(message.includes("'records.5.member.data'") && !message.includes("'records.6."));
  });
});

test('a structure that holds itself is checked to its depth', () => {
  const members: Member[] = [];
  const node: StructureShape = { type: 'structure', name: 'Node', members, isException: false, isEventStream: false };
  members.push({ name: 'Name', shape: { type: 'string', name: 'Name', max: 3 }, required: true });
  members.push({ name: 'Next', shape: { type: 'list', name: 'Nodes', element: node }, required: false });
  const check = new CheckCompiler({ javaPackage: 'p', order: {} }).input(node);
  check({ Name: 'a', Next: [{ Name: 'b', Next: [] }] });
  assert.throws(() => check({ Name: 'a', Next: [{ Name: 'b', Next: [{ Name: 'long' }] }] }), {
    message:
      "1 validation error detected: Value 'long' at 'next.1.member.next.1.member.name' failed to satisfy constraint: " +
      'Member must have length less than or equal to 3',
  });
});
