/** The one port: who may connect how, how slow and how large a client may be, and what it costs. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { movableWorld } from '@millrace/world';
import type { MovableWorld } from '@millrace/world';
import { startListening } from '../../src/listen/listen.ts';
import type { Handle, Listening } from '../../src/listen/listen.ts';
import { makeSelfSigned } from '../../src/listen/self-signed.ts';

const bodyLimitBytes = 1 << 20;
const certificate = makeSelfSigned('localhost', Date.now());
let world: MovableWorld;
let listening: Listening;
let handle: Handle;
const open: (Socket | TLSSocket)[] = [];

const echo: Handle = ({ method, path, query, headers, body, secure, httpVersion }) =>
  Promise.resolve({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ method, path, query, host: headers['host'], body: body.toString(), secure, httpVersion }),
  });

beforeEach(async () => {
  world = movableWorld();
  handle = echo;
  listening = await startListening(
    {
      world,
      host: '127.0.0.1',
      port: 0,
      certificate,
      bodyLimitBytes,
      bodyBudgetBytes: 2 << 20,
      report: (error) => {
        throw error;
      },
    },
    (request) => handle(request),
  );
});
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await listening.close();
});

function dial(): Socket {
  const socket = connect(listening.port, '127.0.0.1');
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

/** Sends, and reads until `isEnough`, or until the server ends. */
async function converse(socket: Socket, bytes: string | Buffer, isEnough: (text: string) => boolean): Promise<string> {
  let text = '';
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) resolve();
    });
    socket.once('close', () => resolve());
  });
  socket.write(bytes);
  await done;
  return text;
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void setTimeout(resolve, 1));
}

const post = (body: string, more = ''): string =>
  `POST / HTTP/1.1\r\nHost: a\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('requests of one connection are answered in their order, also when they come all at once', async () => {
  let first = true;
  handle = async (request) => {
    if (first) {
      first = false;
      await turns(20);
    }
    return echo(request);
  };
  const text = await converse(dial(), post('one') + post('two') + post('three'), (all) => all.includes('three'));
  assert.deepEqual(
    [...text.matchAll(/"body":"(\w+)"/g)].map(([, body]) => body),
    ['one', 'two', 'three'],
  );
});

test('a request may come byte by byte, in chunks, or wait to be asked for its body', async () => {
  const socket = dial();
  const answer = converse(socket, '', (all) => all.includes('"body"'));
  for (const byte of post('slow')) {
    socket.write(byte);
    await turns(1);
  }
  assert.match(await answer, /"body":"slow"/);
  const chunked =
    'POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n';
  assert.match(await converse(dial(), chunked, (all) => all.includes('"body"')), /"body":"abcde"/);
  const polite = dial();
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
  assert.equal(await converse(polite, head, (all) => all.endsWith('\r\n\r\n')), 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.match(await converse(polite, 'hi', (all) => all.includes('"body"')), /"body":"hi"/);
});

test('HEAD has no body; HTTP/1.0 and Connection: close end the connection', async () => {
  const head = await converse(dial(), 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', () => false);
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /connection: close\r\n/);
  assert.match(head, /content-length: [1-9]\d*\r\n\r\n$/);
  assert.match(await converse(dial(), 'GET /old HTTP/1.0\r\n\r\n', () => false), /"path":"\/old"/);
});

test('a body that is too large, or says so, gets 413; a head that is too large 431; what is no request 400', async () => {
  const large = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bodyLimitBytes + 1}\r\n\r\n`;
  assert.match(await converse(dial(), large, () => false), /^HTTP\/1\.1 413 /);
  const chunks = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${(bodyLimitBytes + 1).toString(16)}\r\n`;
  assert.match(await converse(dial(), chunks, () => false), /^HTTP\/1\.1 413 /);
  assert.match(await converse(dial(), `GET / HTTP/1.1\r\nX: ${'y'.repeat(40_000)}`, () => false), /^HTTP\/1\.1 431 /);
  assert.match(await converse(dial(), 'GET / HTTP/1.1\r\n\r\n', () => false), /^HTTP\/1\.1 400 /);
  assert.match(await converse(dial(), 'hello, is it me\r\n\r\n', () => false), /^HTTP\/1\.1 400 /);
});

test('slow clients are given up: 70 s without a byte, 10 s for a head, 60 s for a body, 65 s between requests', async () => {
  const silent = dial();
  const head = dial();
  head.write('POST / HTTP/1.1\r\nHost:');
  const body = dial();
  body.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab');
  const idle = dial();
  await converse(idle, post('x'), (all) => all.includes('"body"'));
  await until(() => listening.metrics()['connections'] === 4 && listening.metrics()['requests'] === 1);
  const isGone = new Map<Socket, boolean>();
  for (const socket of [silent, head, body, idle]) socket.once('close', () => isGone.set(socket, true));
  // Byte by byte is no way to stay.
  world.advance(9000);
  head.write(' a');
  await turns(50);
  assert.equal(isGone.size, 0);
  world.advance(3000);
  assert.match(await converse(head, '', () => false), /^HTTP\/1\.1 408 /);
  world.advance(50_000);
  assert.match(await converse(body, '', () => false), /^HTTP\/1\.1 408 /);
  await until(() => isGone.get(body) === true);
  assert.equal(isGone.get(idle), undefined);
  world.advance(20_000);
  await until(() => isGone.size === 4);
});

test('half a TLS handshake is given up after ten seconds', async () => {
  const socket = dial();
  socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1]));
  const closed = once(socket, 'close');
  await until(() => listening.metrics()['connections'] === 1);
  await turns(100);
  world.advance(11_000);
  await closed;
});

test('bodies in memory stay within the budget: more of them wait in their sockets until there is room', async () => {
  let most = 0;
  const held: (() => void)[] = [];
  handle = async (request) => {
    most = Math.max(most, listening.metrics()['bodyBytes']!);
    await new Promise<void>((resolve) => void held.push(resolve));
    return echo({ ...request, body: Buffer.alloc(0) });
  };
  const bytes = post('x'.repeat(bodyLimitBytes));
  const answers = Array.from({ length: 8 }, () => converse(dial(), bytes, (all) => all.includes('"body"')));
  let answered = 0;
  for (const answer of answers) void answer.then(() => (answered += 1));
  await until(() => held.length === 2);
  await turns(50);
  assert.equal(held.length, 2);
  while (answered < 8) {
    for (const resolve of held.splice(0)) resolve();
    await new Promise<void>((resolve) => void setTimeout(resolve, 1));
  }
  assert.ok(most <= 2 << 20, `${most} bytes`);
  await until(() => listening.metrics()['bodyBytes'] === 0 && listening.metrics()['requests'] === 0);
});

test('a client that leaves in the middle gives its room back, and its request is told', async () => {
  const told: boolean[] = [];
  handle = async ({ signal }) => {
    if (!signal.aborted) await once(signal, 'abort');
    told.push(signal.aborted);
    return { status: 200, headers: {}, body: '' };
  };
  const socket = dial();
  socket.write(post('x'));
  await until(() => listening.metrics()['requests'] === 1);
  socket.destroy();
  await until(() => told.length === 1 && listening.metrics()['requests'] === 0);
  const half = dial();
  half.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nab');
  await until(() => listening.metrics()['bodyBytes'] === 500_000);
  half.destroy();
  await until(() => listening.metrics()['bodyBytes'] === 0 && listening.metrics()['requests'] === 0);
});

test('clients that leave while their bodies wait for room are counted off once', async () => {
  const held: (() => void)[] = [];
  handle = async (request) => {
    await new Promise<void>((resolve) => void held.push(resolve));
    return echo({ ...request, body: Buffer.alloc(0) });
  };
  const bytes = post('x'.repeat(bodyLimitBytes));
  for (let n = 0; n < 2; n += 1) dial().write(bytes);
  await until(() => held.length === 2);
  const leaving = Array.from({ length: 3 }, () => dial());
  // The head alone: with a body unread behind it the server would not hear of the end.
  for (const socket of leaving) socket.write(bytes.slice(0, bytes.indexOf('xx')));
  await until(() => listening.metrics()['requests'] === 5);
  for (const socket of leaving) socket.destroy();
  await until(() => listening.metrics()['requests'] === 2);
  for (const resolve of held.splice(0)) resolve();
  await until(() => listening.metrics()['bodyBytes'] === 0);
  assert.equal(listening.metrics()['requests'], 0);
});

test('a pushed body goes out piece by piece, as fast as its reader takes it, and is let go when the reader leaves', async () => {
  let asked = 0;
  let isReturned = false;
  async function* pieces(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        asked += 1;
        yield Buffer.alloc(1 << 20, 0x61);
        await turns(1);
      }
    } finally {
      isReturned = true;
    }
  }
  handle = () => Promise.resolve({ status: 200, headers: {}, body: pieces() });
  const socket = dial();
  socket.pause();
  socket.write(post(''));
  await until(() => asked > 0);
  let before = 0;
  // The kernel's buffers take some megabytes; then nobody asks for more.
  do {
    before = asked;
    await new Promise<void>((resolve) => void setTimeout(resolve, 50));
  } while (asked !== before);
  assert.ok(asked < 40, `${asked} MiB were read for a client that takes nothing`);
  socket.destroy();
  await until(() => isReturned);
});

test('a client that never takes its answer holds back only itself, and not for ever', async () => {
  handle = () => Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(16 << 20) });
  const stuck = dial();
  stuck.pause();
  stuck.write(post('a') + post('b'));
  await until(() => listening.metrics()['requests'] === 1);
  handle = echo;
  await converse(dial(), post('x'), (all) => all.includes('"body"'));
  await turns(50);
  world.advance(130_000);
  await until(() => listening.metrics()['requests'] === 0);
});

test('closing: idle connections end at once, a request under way is answered first', async () => {
  const idle = dial();
  await converse(idle, post('x'), (all) => all.includes('"body"'));
  let finish = (): void => undefined;
  handle = async (request) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return echo(request);
  };
  const answer = converse(dial(), post('last'), () => false);
  await until(() => listening.metrics()['requests'] === 1);
  const idleGone = once(idle, 'close');
  const closed = listening.close();
  await idleGone;
  finish();
  const text = await answer;
  assert.match(text, /"body":"last"/);
  assert.match(text, /connection: close/);
  await closed;
});

test('plain HTTP/1.1 by node:http, HTTP/2 with prior knowledge, TLS with either, and TLS without ALPN then HTTP/2', async () => {
  const place = { host: '127.0.0.1', port: listening.port };
  const plain = httpRequest({ ...place, method: 'POST', agent: false }).end('hi');
  const [response] = (await once(plain, 'response')) as [IncomingMessage];
  assert.match(Buffer.concat(await response.toArray()).toString(), /"body":"hi","secure":false,"httpVersion":"1.1"/);
  assert.match(await viaHttp2(`http://127.0.0.1:${listening.port}`), /"secure":false,"httpVersion":"2.0"/);
  assert.match(await viaHttp2(`https://127.0.0.1:${listening.port}`), /"secure":true,"httpVersion":"2.0"/);
  for (const ALPNProtocols of [['http/1.1'], undefined]) {
    const tls = connectTls({ ...place, rejectUnauthorized: false, ...(ALPNProtocols && { ALPNProtocols }) });
    open.push(tls);
    assert.match(await converse(tls, post('tls'), (all) => all.includes('"body"')), /"body":"tls","secure":true/);
  }
  const bare = connectTls({ ...place, rejectUnauthorized: false });
  open.push(bare);
  await once(bare, 'secureConnect');
  const answer = await viaHttp2('https://127.0.0.1', bare);
  assert.match(answer, /"secure":true,"httpVersion":"2.0"/);
});

async function viaHttp2(url: string, socket?: TLSSocket): Promise<string> {
  const session = connectHttp2(url, {
    rejectUnauthorized: false,
    ...(socket !== undefined && { createConnection: () => socket }),
  });
  const stream = session.request({ ':method': 'POST', ':path': '/h2' });
  stream.end('over two');
  const text = Buffer.concat(await stream.toArray()).toString();
  session.close();
  return text;
}

test('a TLS session is resumed by the next connection: no certificate, no key exchange a second time', async () => {
  const place = { host: '127.0.0.1', port: listening.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
  const first = connectTls(place);
  open.push(first);
  const session = once(first, 'session') as Promise<[Buffer]>;
  await converse(first, post('x'), (all) => all.includes('"body"'));
  const again = connectTls({ ...place, session: (await session)[0] });
  open.push(again);
  await once(again, 'secureConnect');
  assert.equal(again.isSessionReused(), true);
});

test('a thousand HTTP/2 sessions of one request each leave nothing behind', async () => {
  for (let round = 0; round < 20; round += 1)
    await Promise.all(Array.from({ length: 50 }, () => viaHttp2(`http://127.0.0.1:${listening.port}`)));
  await until(() => listening.metrics()['connections'] === 0 && listening.metrics()['requests'] === 0);
});
