import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { AwsError, loadService } from '@millrace/model';
import { base64Problem, decodeBase64 } from '../src/base64.ts';

const kinesis = loadService('kinesis');

function decode(operation: string, tree: unknown, blobs: 'base64' | 'either' = 'base64'): unknown {
  const found = kinesis.operations.get(operation);
  assert.ok(found !== undefined);
  return found.decode(tree, blobs);
}

function refuses(operation: string, tree: unknown, message: string): void {
  assert.throws(
    () => decode(operation, tree),
    (error) => error instanceof AwsError && error.code === 'SerializationException' && error.message === message,
  );
}

function member(operation: string, name: string, given: unknown, blobs: 'base64' | 'either' = 'base64'): unknown {
  return (decode(operation, { [name]: given }, blobs) as Record<string, unknown>)[name];
}

const shards = (given: unknown): unknown => member('CreateStream', 'ShardCount', given);
const said = (given: unknown): unknown => member('DeleteStream', 'EnforceConsumerDeletion', given);
const moment = (given: unknown): unknown => member('GetShardIterator', 'Timestamp', given);
const data = (given: unknown, blobs: 'base64' | 'either'): unknown => member('PutRecord', 'Data', given, blobs);

describe('structures', () => {
  test('null is absence and unknown members are dropped, whatever they hold', () => {
    const tree = JSON.parse('{"StreamName":"a","Tags":null,"Nonsense":[{}],"__proto__":1,"ShardCount":2}') as unknown;
    const input = decode('CreateStream', tree);
    assert.deepEqual(Object.entries(input as object), [
      ['StreamName', 'a'],
      ['ShardCount', 2],
    ]);
  });

  test('a body of null is an empty input', () => {
    assert.deepEqual(decode('ListStreams', null), {});
    assert.deepEqual(decode('ListStreams', undefined), {});
  });

  test('a body that is not an object is refused', () => {
    refuses('ListStreams', [], 'Start of list found where not expected');
    refuses('ListStreams', 'text', 'Expected null');
  });

  test('the first wrong type in the order of the body is reported', () => {
    const message = 'class java.lang.Boolean can not be converted to an String';
    refuses('CreateStream', { StreamName: true, ShardCount: [] }, message);
    refuses('CreateStream', { ShardCount: [], StreamName: true }, 'Start of list found where not expected');
  });

  test('a map keeps its keys, even those that objects have by nature', () => {
    const tree = JSON.parse('{"Tags":{"__proto__":"a","constructor":"b"}}') as unknown;
    const { Tags } = decode('AddTagsToStream', tree) as { readonly Tags: object };
    assert.deepEqual(Object.entries(Tags), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});

describe('numbers', () => {
  test('fractions are cut off', () => {
    assert.equal(shards(34.96), 34);
    assert.equal(shards(-34.96), -34);
    assert.equal(shards(-0.5), 0);
  });

  test('what does not fit becomes the nearest that does', () => {
    assert.equal(shards(2 ** 31), 2 ** 31 - 1);
    assert.equal(shards(1e300), 2 ** 31 - 1);
    assert.equal(shards(-(2 ** 40)), -(2 ** 31));
    assert.equal(shards(2n ** 70n), 2 ** 31 - 1);
  });
});

describe('booleans', () => {
  test('yes and no may be said in words', () => {
    assert.deepEqual([true, 'true', 'YES', '1'].map(said), [true, true, true, true]);
    assert.deepEqual([false, 'False', 'no', '0'].map(said), [false, false, false, false]);
  });

  test('other words and numbers are refused', () => {
    refuses('DeleteStream', { EnforceConsumerDeletion: 'maybe' }, "'MAYBE' can not be converted to an Boolean");
    const number = 'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an Boolean';
    refuses('DeleteStream', { EnforceConsumerDeletion: 1 }, number);
  });
});

describe('timestamps', () => {
  test('seconds, whole or not, become milliseconds', () => {
    assert.equal(moment(1_795_205_865.934), 1_795_205_865_934);
    assert.equal(moment(0), 0);
    assert.equal(moment(-1.5), -1500);
  });

  test('every millisecond survives its way through seconds', () => {
    const yearTenThousandMs = 253_402_300_800_000;
    const moments = fc.integer({ min: -yearTenThousandMs, max: yearTenThousandMs });
    fc.assert(fc.property(moments, (ms) => moment(ms / 1000) === ms));
  });

  test('ISO 8601 text is taken with a zone', () => {
    assert.equal(moment('2026-11-20T22:57:45.934Z'), Date.UTC(2026, 10, 20, 22, 57, 45, 934));
    assert.equal(moment('2026-11-20T22:57:45+01:00'), Date.UTC(2026, 10, 20, 21, 57, 45));
  });

  test('other text is refused', () => {
    const message = 'class java.lang.String can not be converted to milliseconds since epoch';
    for (const Timestamp of ['tomorrow', '2026-11-20', '2026-13-45T00:00:00Z', '']) {
      refuses('GetShardIterator', { Timestamp }, message);
    }
  });

  test('far moments stay within what a Date holds', () => {
    assert.equal(moment(1e300), 8.64e15);
    assert.equal(moment(-1e300), -8.64e15);
  });

  test('a Date is its milliseconds where a tree may bring one', () => {
    assert.equal(member('GetShardIterator', 'Timestamp', new Date(1234), 'either'), 1234);
    assert.throws(() => moment(new Date(1234)), {
      message: 'class java.util.Date can not be converted to milliseconds since epoch',
    });
  });
});

test('bytes and Dates are no structures, lists or maps', () => {
  const decode =
    (operation: string, tree: unknown): (() => unknown) =>
    () =>
      loadService('kinesis').operations.get(operation)!.decode(tree, 'either');
  for (const scalar of [Buffer.from('abc'), new Uint8Array(), new Date(0)]) {
    assert.throws(decode('ListStreams', scalar), { message: 'Expected null' });
    assert.throws(decode('PutRecords', { Records: scalar }), { message: 'Expected list or null' });
    assert.throws(decode('PutRecords', { Records: [scalar] }), { message: 'Expected null' });
    assert.throws(decode('TagResource', { Tags: scalar }), { message: 'Expected map or null' });
  }
});

describe('blobs', () => {
  test('bytes are taken where a tree may bring them, text always', () => {
    assert.deepEqual(data(Buffer.from('abc'), 'either'), Buffer.from('abc'));
    assert.deepEqual(data(new Uint8Array([1, 2]), 'either'), Buffer.from([1, 2]));
    assert.deepEqual(data('AAEC', 'either'), Buffer.from([0, 1, 2]));
    assert.throws(() => data(Buffer.from('abc'), 'base64'), { name: 'SerializationException' });
  });

  test('any bytes come back, whatever their length, and neighbours stay whole', () => {
    const sizes = fc.oneof(fc.integer({ min: 0, max: 700 }), fc.constantFrom(16_383, 16_384, 16_385, 65_536, 70_000));
    const blobs = fc.array(
      sizes.chain((size) => fc.tuple(fc.constant(size), fc.integer())),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(blobs, (given) => {
        const bytes = given.map(([size, seed]) =>
          Buffer.from(Array.from({ length: size }, (_, at) => (seed * 31 + at * 7) & 255)),
        );
        const decoded = bytes.map((blob) => decodeBase64(blob.toString('base64')));
        assert.deepEqual(decoded, bytes);
      }),
    );
  });

  test('thousands of small blobs stay whole', () => {
    const bytes = Array.from({ length: 5000 }, (_, nth) => Buffer.alloc(nth % 113, `blob ${nth}`));
    const texts = bytes.map((blob) => blob.toString('base64'));
    const decoded = texts.map(decodeBase64);
    const wrong = decoded.findIndex(
      (blob, nth) => blob === undefined || !blob.equals(bytes[nth] ?? Buffer.from('none')),
    );
    assert.equal(wrong, -1);
  });

  test('what strict base64 does not allow is refused, at any length', () => {
    const strict = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
    const character = fc.constantFrom(...'AEQgw+/=-_é\t');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 12 }), fc.constantFrom(0, 4, 396, 24_000), (characters, filler) => {
        const text = 'QUJD'.repeat(filler / 4) + characters.join('');
        // A decoder that ignores what it does not know gives back another text.
        const canonical = strict.test(text) && Buffer.from(text, 'base64').toString('base64') === text;
        const bytes = decodeBase64(text);
        assert.equal(bytes !== undefined, canonical, text.slice(-16));
        if (bytes !== undefined) assert.equal(bytes.toString('base64'), text);
        else assert.match(base64Problem(text), /^Base64 encoded length|^Invalid Base64 character|^Invalid last/);
      }),
      { numRuns: 2000 },
    );
  });

  test('line breaks and blanks are passed over', () => {
    assert.deepEqual(decodeBase64('QU\r\nJD QQ==\n'), Buffer.from('ABCA'));
  });
});
