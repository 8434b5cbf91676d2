import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/**
 * A self-signed certificate, since some clients (KPL) speak TLS only. The key and the signature are Node's; only the DER
 * around them (RFC 5280) is put together here, because Node has no writer for certificates.
 */
export function makeSelfSigned(host: string, nowMs: number): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const ecdsaSha256 = sequence(oid('1.2.840.10045.4.3.2'));
  const name = sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from('millrace')))));
  const validity = sequence(time(nowMs - 86_400_000), time(nowMs + 3650 * 86_400_000));
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  serial[0]! |= 0x01;
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial),
    ecdsaSha256,
    name,
    validity,
    name,
    spki,
    der(0xa3, sequence(...extensions(host, spki))),
  );
  const certificate = sequence(body, ecdsaSha256, bits(sign('sha256', body, privateKey)));
  return { cert: pem('CERTIFICATE', certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function extensions(host: string, spki: Buffer): Buffer[] {
  const names = new Set(['localhost', '127.0.0.1', '::1', host]);
  const alternatives = [...names].map((name) => {
    if (/^\d+(\.\d+){3}$/.test(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
    if (name === '::1') return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)]));
    return name.includes(':') ? Buffer.alloc(0) : der(0x82, Buffer.from(name));
  });
  return [
    extension('2.5.29.17', sequence(...alternatives)),
    // Not an authority (cA is FALSE by default): rustls refuses to be served by one, even where it is pinned.
    extension('2.5.29.19', sequence()),
    extension('2.5.29.14', der(0x04, createHash('sha1').update(spki).digest())),
  ];
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size =
    length < 128
      ? Buffer.of(length)
      : length < 256
        ? Buffer.of(0x81, length)
        : Buffer.of(0x82, length >> 8, length & 255);
  return Buffer.concat([Buffer.of(tag), size, content]);
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function set(...contents: Buffer[]): Buffer {
  return der(0x31, ...contents);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bits(bytes: Buffer): Buffer {
  return der(0x03, Buffer.of(0), bytes);
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 127];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** GeneralizedTime. */
function time(timeMs: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(timeMs).toISOString().replaceAll(/[-:T]|\.\d+Z/g, '')}Z`));
}

function pem(label: string, bytes: Buffer): string {
  return `-----BEGIN ${label}-----\n${bytes.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;
}
