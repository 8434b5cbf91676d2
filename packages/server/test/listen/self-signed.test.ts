import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeSelfSigned } from '../../src/listen/self-signed.ts';

const { cert, key } = makeSelfSigned('streams.example', Date.now());

test('the certificate names its hosts and is no authority, which rustls would not be served by', () => {
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.ca, false);
  assert.match(String(certificate.subjectAltName), /DNS:localhost.*IP Address:127\.0\.0\.1.*DNS:streams\.example/);
});

test('who pins the certificate is served without further ado', async () => {
  const server = createServer({ cert, key }, (socket) => socket.end('served'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca: cert });
    const text = await socket.setEncoding('utf8').toArray();
    assert.deepEqual([text.join(''), socket.authorized], ['served', true]);
  } finally {
    server.close();
  }
});
