/**
 * Our HTTP/1.1 reader beside node's: whatever ours takes, node's frames alike (no request smuggling), and however the bytes
 * are cut, ours reads the same. MILLRACE_CASES says how many cases (2,000 where nothing is said).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readByNode, readByOurs } from './two-readers.ts';
import type { Reading } from './two-readers.ts';

const numRuns = Number(process.env['MILLRACE_CASES'] ?? 2000);

const eol = fc.constantFrom(
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
);
const mostly = (usual: string, ...other: string[]): fc.Arbitrary<string> =>
  fc.constantFrom(usual, usual, usual, usual, usual, usual, usual, usual, ...other);
const header = fc.constantFrom(
  'X-A: 1',
  'x-a: 2',
  'X-Amz-Target: Kinesis_20131202.ListStreams',
  'Content-Type: application/x-amz-json-1.1',
  'Authorization: a',
  'authorization: b',
  'Connection: keep-alive',
  'Connection: close',
  'Expect: 100-continue',
  'Cookie: a=b',
  'X-Long: ' + 'y'.repeat(300),
  'Content-Length: 3',
  'Content-Length : 3',
  'Content-Length: 3, 3',
  'Content-Length: +3',
  'Content-Length: 3 ',
  'Content-Length:\t3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\x0bchunked',
  'Upgrade: h2c',
  ' folded: yes',
  'Host: b',
  'no colon',
  ': empty',
  'X-\x80: high',
  'X-High: \xe9',
);
const chunk = fc
  .record({
    data: fc.string({ maxLength: 8 }),
    size: mostly('', '0', '00', '+', '-', '0x', ' '),
    after: mostly('', ';a=b', ' ', ';', ';a="b"', '\t', ';\x01'),
    eol,
    end: eol,
  })
  .map(({ data, size, after, eol: first, end }) => {
    const bytes = Buffer.from(data, 'utf8').toString('latin1');
    return `${size}${bytes.length.toString(16)}${after}${first}${bytes}${end}`;
  });
const chunked = fc
  .tuple(
    fc.array(chunk, { maxLength: 3 }),
    mostly('0\r\n\r\n', '0\n\n', '0\r\nX: 1\r\n\r\n', '0\r\n', '000\r\n\r\n', '0\r\nbad trailer\r\n\r\n'),
  )
  .map(([chunks, last]) => chunks.join('') + last);
const body = fc.oneof(
  fc.constant({ header: '', text: '' }),
  fc.string({ maxLength: 40 }).map((text) => {
    const bytes = Buffer.from(text, 'utf8').toString('latin1');
    return { header: `Content-Length: ${bytes.length}`, text: bytes };
  }),
  fc.record({ header: fc.constant('Transfer-Encoding: chunked'), text: chunked }),
  fc.record({ header: fc.constantFrom('Content-Length: 5', 'Transfer-Encoding: chunked', ''), text: chunked }),
);
const request = fc
  .record({
    before: mostly('', '\r\n', '\n', ' '),
    method: mostly('POST', 'GET', 'HEAD', 'OPTIONS', 'get', 'BREW', 'PRI'),
    target: mostly('/', '/a?b=c', 'http://h/x', '*', 'x', '/\x80', '/a b', '//', '/#f'),
    version: mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/0.9', 'http/1.1', 'HTTP/1.1 '),
    host: mostly('Host: a', 'host: a', 'Host:', ''),
    headers: fc.array(header, { maxLength: 4 }),
    body,
    eol,
    end: mostly('\r\n', '\n', '\r'),
  })
  .map(({ before, method, target, version, host, headers, body: content, eol: line, end }) => {
    const lines = [`${method} ${target} ${version}`, host, ...headers, content.header].filter((text) => text !== '');
    return before + lines.join(line) + line + end + content.text;
  });
const flip = fc.option(fc.record({ at: fc.nat(400), byte: fc.integer({ min: 0, max: 255 }) }), {
  freq: 4,
  nil: undefined,
});
const traffic = fc.tuple(fc.array(request, { minLength: 1, maxLength: 3 }), flip).map(([requests, change]) => {
  const bytes = Buffer.from(requests.join(''), 'latin1');
  if (change !== undefined && change.at < bytes.length) bytes[change.at] = change.byte;
  return bytes;
});

/** node:http gives back the absolute form as it came; ours leaves the authority out. */
const pathOf = (target: string): string => target.replace(/^https?:\/\/[^/?#]+/i, '').replace(/^(\?|$)/, '/$1');

function assertAlike(ours: Reading, nodes: Reading): void {
  for (const [at, mine] of ours.requests.entries()) {
    const other = nodes.requests[at];
    assert.ok(other !== undefined, `request ${at + 1} is none for node:http`);
    assert.deepEqual({ ...mine, headers: { ...mine.headers } }, { ...other, target: pathOf(other.target) });
  }
  const hasRefused = ours.statuses.some((status) => status >= 400);
  // Of both `close` and `keep-alive` ours believes `close`, as RFC 9112 (9.3) has it; node:http does not in HTTP/1.0.
  const isTold = /\bclose\b/i.test(ours.requests.at(-1)?.headers['connection'] ?? '');
  if (!hasRefused && !isTold) assert.equal(nodes.requests.length, ours.requests.length, 'node:http sees more requests');
}

test('what our reader takes, node:http frames alike', () =>
  fc.assert(
    fc.asyncProperty(traffic, async (bytes) => {
      const [ours, nodes] = await Promise.all([readByOurs([bytes]), readByNode([bytes])]);
      assertAlike(ours, nodes);
    }),
    { numRuns },
  ));

test('however the bytes are cut, the requests are the same', () =>
  fc.assert(
    fc.asyncProperty(traffic, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 30 }), async (bytes, sizes) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      pieces.push(bytes.subarray(at));
      const whole = await readByOurs([bytes]);
      const cut = await readByOurs(pieces.filter(({ length }) => length > 0));
      assert.deepEqual(cut, whole);
    }),
    { numRuns: Math.ceil(numRuns / 4) },
  ));
