import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkedBody } from '../../src/listen/http1-body.ts';
import { parseHead } from '../../src/listen/http1-head.ts';

const head = (...lines: string[]): string => ['POST / HTTP/1.1', 'Host: a', ...lines].join('\r\n');

test('names come in lower case, values trimmed, repeated ones joined', () => {
  const { headers } = parseHead(
    head('X-Amz-Target:\t Kinesis_20131202.PutRecord \t', 'X-B: 1', 'x-b: 2', 'Cookie: a', 'cookie: b'),
  );
  assert.equal(headers['x-amz-target'], 'Kinesis_20131202.PutRecord');
  assert.equal(headers['x-b'], '1, 2');
  assert.equal(headers['cookie'], 'a; b');
  assert.equal(parseHead(head('Authorization: first', 'authorization: second')).headers['authorization'], 'first');
  assert.equal(parseHead(head('__proto__: x')).headers['__proto__'], 'x');
  assert.equal(parseHead(head('constructor: x')).headers['constructor'], 'x');
});

test('the target: path and query, absolute form, the asterisk of OPTIONS', () => {
  const targetOf = (line: string): string[] => {
    const { path, query } = parseHead(`${line} HTTP/1.1\r\nhost: a`);
    return [path, query];
  };
  assert.deepEqual(targetOf('GET /a?b?c=%20'), ['/a', 'b?c=%20']);
  assert.deepEqual(targetOf('GET http://h:1/a?b'), ['/a', 'b']);
  assert.deepEqual(targetOf('GET http://h'), ['/', '']);
  assert.deepEqual(targetOf('GET http://h?b'), ['/', 'b']);
  assert.deepEqual(targetOf('GET http://[::1]:80/x'), ['/x', '']);
  assert.deepEqual(targetOf('OPTIONS *'), ['*', '']);
  for (const line of [
    'GET *',
    'GET a',
    'GET ',
    'GET /\x80',
    'get /',
    'FETCH /',
    'GET  /',
    'GET / x',
    'CONNECT h:1',
    'GET http://"/',
    'GET http://a@b/',
  ])
    assert.throws(() => targetOf(line), { status: 400 }, line);
});

test('who keeps the connection', () => {
  const keeps = (version: string, connection?: string): boolean =>
    parseHead(`GET / HTTP/${version}\r\nhost: a${connection === undefined ? '' : `\r\nConnection: ${connection}`}`)
      .keepAlive;
  assert.deepEqual([keeps('1.1'), keeps('1.1', 'close'), keeps('1.1', 'Foo, Close')], [true, false, false]);
  assert.deepEqual([keeps('1.0'), keeps('1.0', 'Keep-Alive'), keeps('1.1', 'closed')], [false, true, true]);
});

test('what two parsers might read in two ways is refused', () => {
  const wrong = [
    head('Content-Length: 1', 'Content-Length: 1'),
    head('Content-Length: +1'),
    head('Content-Length: 1,1'),
    head('Content-Length: 0x1'),
    head('Content-Length:'),
    head('Content-Length: 9999999999999999'),
    head('Content-Length: 1', 'Transfer-Encoding: chunked'),
    head('Transfer-Encoding: gzip'),
    head('Transfer-Encoding: chunked, chunked'),
    head('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    head('Transfer-Encoding: \vchunked'),
    head('Host: b'),
    head('Content-Length : 1'),
    head(' folded'),
    head('X: a', '\tfolded: b'),
    head('X'),
    head(': x'),
    head('X: a\nY: b'),
    head('X: a\rY: b'),
    head('X: \0'),
    head('X\x80: a'),
    'POST / HTTP/1.1',
    'POST / HTTP/1.2\r\nhost: a',
    'POST / HTTP/2.0\r\nhost: a',
    'POST / HTTP/1.0\r\nhost: a\r\nTransfer-Encoding: chunked',
  ];
  for (const text of wrong) assert.throws(() => parseHead(text), { status: 400 }, JSON.stringify(text));
});

test('a chunked body takes as much memory as it has bytes, however small its chunks are', () => {
  const body = new ChunkedBody(1 << 20);
  const length = 500_000;
  const before = process.memoryUsage().heapUsed;
  const piece = Buffer.from('1\r\nx\r\n'.repeat(1000));
  for (let n = 0; n < length; n += 1000) assert.equal(body.take(piece, 0), piece.length);
  body.take(Buffer.from('0\r\n\r\n'), 0);
  assert.ok(body.isWhole && body.content().equals(Buffer.alloc(length, 'x')));
  // A Buffer a chunk would be 50 MB that stay.
  assert.ok(process.memoryUsage().heapUsed - before < 40 << 20);
});
