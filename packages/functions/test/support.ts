import { functionsMachine, openFunctions } from '@millrace/functions';
import type { FailureDestinations, Invoker, OpenFunctions, SourceStreams } from '@millrace/functions';
import { openEmbeddedLog, openRegistry } from '@millrace/log';
import type { ShardLog } from '@millrace/log';
import type { World } from '@millrace/world';
import { crc32, deflateRawSync } from 'node:zlib';

/** A zip of these files, deflated. `attributes` go into every entry (Unix's mode in the upper half). */
export function zipOf(files: Readonly<Record<string, string>>, attributes = 0): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(content.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), packed]);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(attributes, 6);
    end.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), shared, end, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const tail = Buffer.alloc(22);
  tail.write('PK\x05\x06');
  tail.writeUInt16LE(directory.length, 8);
  tail.writeUInt16LE(directory.length, 10);
  tail.writeUInt32LE(central.length, 12);
  tail.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, tail]);
}

/** The service on a real log and registry, with functions that are played. */
export interface TestFunctions {
  readonly log: ShardLog;
  readonly functions: OpenFunctions;
}

export interface TestOptions {
  readonly world: World;
  /** Names of declared functions. */
  readonly names: readonly string[];
  readonly invoker: Invoker;
  readonly sources: SourceStreams;
  readonly destinations: FailureDestinations;
  report?(message: string): void;
  /** Makes the sources' shards known, before others are dropped. */
  claim(log: ShardLog): Promise<void>;
}

export async function openTestFunctions(options: TestOptions): Promise<TestFunctions> {
  const { world, names, invoker, sources, destinations } = options;
  const cipher = {
    seal: (_ref: number, plain: Uint8Array) => Buffer.from(plain),
    open: (_ref: number, sealed: Uint8Array) => Buffer.from(sealed),
  };
  const log = await openEmbeddedLog({
    world,
    directory: '/data/log',
    cipher,
    journalFileBytes: 16_384,
    hotBytes: 4000,
  });
  const registry = await openRegistry({ world, directory: '/data/functions', machine: functionsMachine });
  await options.claim(log);
  const functions = await openFunctions({
    world,
    log,
    registry,
    codeDirectory: '/data/code',
    declared: names.map((name) => {
      const target = { kind: 'http', url: 'http://played' } as const;
      return { name, timeoutSeconds: 5, memoryMib: 128, target };
    }),
    invoker,
    sources,
    destinations,
    settings: { transitionMs: 5, account: '000000000000', region: 'us-east-1' },
    report: options.report ?? (() => undefined),
  });
  await log.dropUnclaimed();
  return { log, functions };
}
