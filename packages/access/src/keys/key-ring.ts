import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { World } from '@millrace/world';

/*
 * keys/master.key is 32 random bytes: whoever has it can read everything. keys/data.keys holds the data keys, wrapped by it:
 *
 *   data.keys = record*
 *   record    = crc u32 | keyRef u32 | nonce 12 bytes | wrapped key 32 bytes | tag 16 bytes | idLength u16 | key id (UTF-8)
 *
 * crc is CRC-32 of everything behind it. A sealed block is nonce 12 bytes | ciphertext | tag 16 bytes (AES-256-GCM). A nonce is
 * 4 bytes drawn at the start of the process and a counter of 8: under one key it comes again only if two processes of the
 * key's whole life draw the same 4 bytes at the same count, and a process takes its own data keys' counters from a random
 * place.
 */
const recordFixed = 4 + 4 + 12 + 32 + 16 + 2;

export interface KeyRing {
  /** Makes a data key under the named master key; durable when it resolves. Answers its reference, never used before. */
  create(keyId: string, account: string, region: string): Promise<number>;
  seal(keyRef: number, plain: Uint8Array, context: Uint8Array): Buffer;
  open(keyRef: number, sealed: Uint8Array, context: Uint8Array): Buffer;
  /** 32 bytes for another use, always the same for a name. */
  derive(name: string): Buffer;
}

/** Opens or creates the keys of a data directory. */
export async function openKeyRing({ world, directory }: { world: World; directory: string }): Promise<KeyRing> {
  const { disk } = world;
  await disk.makeDirectory(directory);
  const masterPath = `${directory}/master.key`;
  if (!(await disk.exists(masterPath))) {
    // Under another name first: a crash must not leave half a key under the real one.
    const draft = await disk.open(`${masterPath}.draft`, 'write');
    await draft.truncate(0);
    await draft.write([world.random.bytes(32)], 0);
    await draft.datasync();
    await draft.close();
    await disk.rename(`${masterPath}.draft`, masterPath);
    await disk.syncDirectory(directory);
  }
  const master = await readWhole(world, masterPath);
  if (master.length !== 32) throw new Error(`${masterPath}: must hold 32 bytes`);
  const path = `${directory}/data.keys`;
  const bytes = (await disk.exists(path)) ? await readWhole(world, path) : Buffer.alloc(0);
  const { keys, length } = readKeys(bytes, master, path);
  return createKeyRing({ world, directory, path, master, keys, length });
}

function createKeyRing(at: {
  world: World;
  directory: string;
  path: string;
  master: Buffer;
  keys: Map<number, Buffer>;
  length: number;
}): KeyRing {
  const { world, master, keys } = at;
  let { length } = at;
  let turn: Promise<unknown> = Promise.resolve();
  const prefix = world.random.bytes(4);
  let counter = BigInt(`0x${world.random.bytes(6).toString('hex')}`);
  const nonce = (): Buffer => {
    const bytes = Buffer.alloc(12);
    prefix.copy(bytes);
    bytes.writeBigUInt64BE(counter++, 4);
    return bytes;
  };
  const keyOf = (keyRef: number): Buffer => {
    const key = keys.get(keyRef);
    if (key === undefined) throw new Error(`data key ${keyRef} is not in the key ring`);
    return key;
  };
  const store = async (keyId: string): Promise<number> => {
    const keyRef = Math.max(0, ...keys.keys()) + 1;
    const key = world.random.bytes(32);
    const record = encodeRecord({ keyRef, key, keyId, nonce: nonce() }, master);
    const file = await world.disk.open(at.path, 'write');
    try {
      await file.write([record], length);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (length === 0) await world.disk.syncDirectory(at.directory);
    length += record.length;
    keys.set(keyRef, key);
    return keyRef;
  };
  return {
    create(keyId) {
      const result = turn.then(() => store(keyId));
      turn = result.catch(() => undefined);
      return result;
    },
    seal(keyRef, plain, context) {
      const iv = nonce();
      const cipher = createCipheriv('aes-256-gcm', keyOf(keyRef), iv).setAAD(context);
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(keyRef, sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const decipher = createDecipheriv('aes-256-gcm', keyOf(keyRef), bytes.subarray(0, 12), {
        authTagLength: 16,
      }).setAAD(context);
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    },
    derive: (name) => Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), name, 32)),
  };
}

function encodeRecord(record: { keyRef: number; key: Buffer; keyId: string; nonce: Buffer }, master: Buffer): Buffer {
  const id = Buffer.from(record.keyId);
  const bytes = Buffer.alloc(recordFixed + id.length);
  const cipher = createCipheriv('aes-256-gcm', master, record.nonce);
  bytes.writeUInt32BE(record.keyRef, 4);
  record.nonce.copy(bytes, 8);
  Buffer.concat([cipher.update(record.key), cipher.final()]).copy(bytes, 20);
  cipher.getAuthTag().copy(bytes, 52);
  bytes.writeUInt16BE(id.length, 68);
  id.copy(bytes, 70);
  bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function readKeys(bytes: Buffer, master: Buffer, path: string): { keys: Map<number, Buffer>; length: number } {
  const keys = new Map<number, Buffer>();
  let at = 0;
  while (bytes.length - at >= recordFixed) {
    const end = at + recordFixed + bytes.readUInt16BE(at + 68);
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(at)) break;
    const decipher = createDecipheriv('aes-256-gcm', master, bytes.subarray(at + 8, at + 20), { authTagLength: 16 });
    decipher.setAuthTag(bytes.subarray(at + 52, at + 68));
    try {
      keys.set(
        bytes.readUInt32BE(at + 4),
        Buffer.concat([decipher.update(bytes.subarray(at + 20, at + 52)), decipher.final()]),
      );
    } catch (error) {
      throw new Error(`${path}: its keys were not made under this master key`, { cause: error });
    }
    at = end;
  }
  return { keys, length: at };
}

async function readWhole(world: World, path: string): Promise<Buffer> {
  const file = await world.disk.open(path, 'read');
  try {
    const bytes = Buffer.alloc(await file.size());
    let at = 0;
    while (at < bytes.length) {
      const count = await file.read(bytes, at, bytes.length - at, at);
      if (count === 0) break;
      at += count;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}
