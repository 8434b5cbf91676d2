import { crc32 } from 'node:zlib';
import type { File, World } from '@millrace/world';
import { claimedLength, headerLength, readEntry } from './entry.ts';
import type { EntryHeader } from './entry.ts';

/*
 * A segment holds a run of one shard's entries: segments/LOGID/FIRSTINDEX-FIRSTARRIVAL.seg, and beside it an index .idx.
 *
 *   segment = "MRSEGMNT" | version u32 | zero u32 | entry*
 *   index   = "MRSEGIDX" | version u32 | zero u32 | point*
 *   point   = kind u8 | zero u8*3 | crc u32 | index u48 | arrivalMs u48 | offset u48 | zero u8*6     (32 bytes)
 *
 * kind 1: an entry with `index` begins at `offset` (one every 64 KiB). kind 2: the segment was synced up to `offset`,
 * the next record is `index` and the newest arrived at `arrivalMs`. crc is CRC-32 of the point with crc as zero.
 * Only what stands before the last point of kind 2 is believed; what a crash left behind it is overwritten.
 * What an index lost is made again from its segment.
 */
const headerBytes = 16;
const pointLength = 32;
const version = 1;
const pointEveryBytes = 64 << 10;
export const segmentHeaderLength = headerBytes;
const scanBytes = 1 << 20;

/** What memory keeps of a segment; its name says the rest. */
export interface SegmentInfo {
  readonly logId: number;
  readonly path: string;
  readonly firstIndex: number;
  readonly firstArrivalMs: number;
}

export interface Point {
  readonly kind: 'entry' | 'end';
  readonly index: number;
  readonly arrivalMs: number;
  readonly offset: number;
}

/** The believed part of an index. */
export interface SegmentIndex {
  readonly points: readonly Point[];
  /** Undefined when the segment has nothing that is known to be synced. */
  readonly end: Point | undefined;
  /** Bytes of the index file up to and with its last end point. */
  readonly length: number;
}

export function segmentName(firstIndex: number, firstArrivalMs: number): string {
  return `${String(firstIndex).padStart(16, '0')}-${String(firstArrivalMs).padStart(14, '0')}.seg`;
}

/** The segments in a shard's directory, in order. */
export async function listSegments(world: World, directory: string, logId: number): Promise<SegmentInfo[]> {
  const found: SegmentInfo[] = [];
  for (const name of await world.disk.list(directory)) {
    const match = /^(\d{16})-(\d{14})\.seg$/.exec(name);
    if (match)
      found.push({
        logId,
        path: `${directory}/${name}`,
        firstIndex: Number(match[1]),
        firstArrivalMs: Number(match[2]),
      });
  }
  return found;
}

function fileHeader(magic: string): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.write(magic, 0, 'latin1');
  header.writeUInt32BE(version, 8);
  return header;
}

function encodePoint({ kind, index, arrivalMs, offset }: Point): Buffer {
  const bytes = Buffer.alloc(pointLength);
  bytes[0] = kind === 'entry' ? 1 : 2;
  bytes.writeUIntBE(index, 8, 6);
  bytes.writeUIntBE(arrivalMs, 14, 6);
  bytes.writeUIntBE(offset, 20, 6);
  bytes.writeUInt32BE(crc32(bytes), 4);
  return bytes;
}

function decodePoint(bytes: Buffer, at: number): Point | undefined {
  const copy = Buffer.from(bytes.subarray(at, at + pointLength));
  const crc = copy.readUInt32BE(4);
  copy.writeUInt32BE(0, 4);
  if (crc32(copy) !== crc || (copy[0] !== 1 && copy[0] !== 2)) return undefined;
  return {
    kind: copy[0] === 1 ? 'entry' : 'end',
    index: copy.readUIntBE(8, 6),
    arrivalMs: copy.readUIntBE(14, 6),
    offset: copy.readUIntBE(20, 6),
  };
}

export interface EntryToStore {
  readonly firstIndex: number;
  readonly count: number;
  readonly arrivalMs: number;
  readonly bytes: Buffer;
}

/** Appends entries to a segment and makes them durable: data first, then the index that says so. */
export async function appendToSegment(
  world: World,
  segment: SegmentInfo,
  index: SegmentIndex,
  entries: readonly EntryToStore[],
): Promise<SegmentIndex> {
  let offset = index.end?.offset ?? headerBytes;
  const start = offset;
  let lastPoint = index.points.findLast(({ kind }) => kind === 'entry')?.offset ?? -pointEveryBytes;
  const points: Point[] = [];
  for (const { firstIndex, arrivalMs, bytes } of entries) {
    if (offset - lastPoint >= pointEveryBytes) {
      points.push({ kind: 'entry', index: firstIndex, arrivalMs, offset });
      lastPoint = offset;
    }
    offset += bytes.length;
  }
  const last = entries.at(-1)!;
  const end: Point = { kind: 'end', index: last.firstIndex + last.count, arrivalMs: last.arrivalMs, offset };
  const encoded = [...points, end].map(encodePoint);
  await writeSynced(world, segment.path, start, [
    ...(start === headerBytes ? [fileHeader('MRSEGMNT')] : []),
    ...entries.map(({ bytes }) => bytes),
  ]);
  const indexStart = Math.max(index.length, headerBytes);
  await writeSynced(world, indexPath(segment), indexStart, [
    ...(index.length === 0 ? [fileHeader('MRSEGIDX')] : []),
    ...encoded,
  ]);
  if (start === headerBytes) await world.disk.syncDirectory(segment.path.slice(0, segment.path.lastIndexOf('/')));
  return {
    points: [...index.points.filter(({ kind }) => kind === 'entry'), ...points, end],
    end,
    length: indexStart + encoded.length * pointLength,
  };
}

/** A segment without entries that says which index comes next. */
export async function startEmptySegment(world: World, segment: SegmentInfo): Promise<SegmentIndex> {
  const end: Point = { kind: 'end', index: segment.firstIndex, arrivalMs: segment.firstArrivalMs, offset: headerBytes };
  await writeSynced(world, segment.path, headerBytes, [fileHeader('MRSEGMNT')]);
  await writeSynced(world, indexPath(segment), headerBytes, [fileHeader('MRSEGIDX'), encodePoint(end)]);
  await world.disk.syncDirectory(segment.path.slice(0, segment.path.lastIndexOf('/')));
  return { points: [end], end, length: headerBytes + pointLength };
}

/** Says that the next record behind the segment's last one is `next`, though there is none before it. */
export async function moveEnd(
  world: World,
  segment: SegmentInfo,
  index: SegmentIndex,
  next: { readonly index: number; readonly arrivalMs: number },
): Promise<SegmentIndex> {
  const end: Point = { kind: 'end', ...next, offset: index.end?.offset ?? headerBytes };
  await writeSynced(world, indexPath(segment), index.length, [encodePoint(end)]);
  const points = [...index.points.filter(({ kind }) => kind === 'entry'), end];
  return { points, end, length: index.length + pointLength };
}

/** Buffers go to `position`; a first buffer that is the file header goes before it. */
async function writeSynced(world: World, path: string, position: number, buffers: readonly Buffer[]): Promise<void> {
  const file = await world.disk.open(path, 'write');
  try {
    const isNew = position === headerBytes && buffers[0]!.length === headerBytes;
    await file.write(buffers, isNew ? 0 : position);
    await file.datasync();
  } finally {
    await file.close();
  }
}

export function indexPath(segment: SegmentInfo): string {
  return segment.path.replace(/seg$/, 'idx');
}

/** Reads the index of a segment; makes it again where it is lost or damaged. */
export async function loadIndex(world: World, segment: SegmentInfo): Promise<SegmentIndex> {
  const path = indexPath(segment);
  const bytes = (await world.disk.exists(path)) ? await readAll(world, path) : Buffer.alloc(0);
  const points: Point[] = [];
  let isWhole = bytes.length > headerBytes;
  for (let at = headerBytes; at < bytes.length; at += pointLength) {
    const point = at + pointLength <= bytes.length ? decodePoint(bytes, at) : undefined;
    if (point === undefined) isWhole = false;
    else points.push(point);
  }
  // A torn end is what a crash leaves, anything else is damage: in both cases the segment itself knows better.
  if (!isWhole || points.at(-1)?.kind !== 'end') return mendIndex(world, segment, points);
  const entries = points.filter(({ kind }) => kind === 'entry');
  return { points: [...entries, points.at(-1)!], end: points.at(-1), length: bytes.length };
}

/**
 * Goes through the segment behind the last end that is known, up to the first bytes that are no entry: a flush that a crash
 * overtook may have left whole entries behind torn ones, and the journal has all of those. What is found is synced before it
 * is believed.
 */
async function mendIndex(world: World, segment: SegmentInfo, known: readonly Point[]): Promise<SegmentIndex> {
  if (!(await world.disk.exists(segment.path))) return { points: [], end: undefined, length: 0 };
  let end = known.findLast(({ kind }) => kind === 'end');
  const points = known.filter(({ kind, offset }) => kind === 'entry' && offset < (end?.offset ?? 0));
  await scanSegment(world, segment, end?.offset ?? headerBytes, (header, offset) => {
    if (offset - (points.at(-1)?.offset ?? -pointEveryBytes) >= pointEveryBytes) {
      points.push({ kind: 'entry', index: header.firstIndex, arrivalMs: header.arrivalMs, offset });
    }
    end = {
      kind: 'end',
      index: header.firstIndex + header.count,
      arrivalMs: header.arrivalMs,
      offset: offset + header.length,
    };
  });
  if (end === undefined) return { points: [], end, length: 0 };
  const encoded = [...points, end].map(encodePoint);
  await syncFile(world, segment.path);
  await world.disk.remove(indexPath(segment));
  await writeSynced(world, indexPath(segment), headerBytes, [fileHeader('MRSEGIDX'), ...encoded]);
  await world.disk.syncDirectory(segment.path.slice(0, segment.path.lastIndexOf('/')));
  return { points: [...points, end], end, length: headerBytes + encoded.length * pointLength };
}

async function syncFile(world: World, path: string): Promise<void> {
  const file = await world.disk.open(path, 'write');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Hands over the entries from `from` on, up to the first bytes that are none. */
async function scanSegment(
  world: World,
  segment: SegmentInfo,
  from: number,
  use: (header: EntryHeader, offset: number) => void,
): Promise<void> {
  const file = await world.disk.open(segment.path, 'read');
  try {
    const size = await file.size();
    let base = from;
    let wanted = scanBytes;
    while (base < size) {
      const buffer = Buffer.allocUnsafe(Math.min(wanted, size - base));
      if ((await readFully(file, buffer, base)) < buffer.length) return;
      let at = 0;
      wanted = scanBytes;
      while (at < buffer.length) {
        const header = readEntry(buffer, at, size - base - at);
        if (header === 'bad') return;
        if (header === 'short') {
          // Less than a header is left, or less than the entry: the next read begins with it.
          if (base + buffer.length === size) return;
          if (buffer.length - at >= headerLength) wanted = Math.max(wanted, claimedLength(buffer, at));
          break;
        }
        use(header, base + at);
        at += header.length;
      }
      base += at;
    }
  } finally {
    await file.close();
  }
}

/** Reads until `target` is full or the file ends; answers the bytes read. */
export async function readFully(file: File, target: Buffer, position: number): Promise<number> {
  let have = 0;
  while (have < target.length) {
    const count = await file.read(target, have, target.length - have, position + have);
    if (count === 0) break;
    have += count;
  }
  return have;
}

async function readAll(world: World, path: string): Promise<Buffer> {
  const file = await world.disk.open(path, 'read');
  try {
    const bytes = Buffer.allocUnsafe(await file.size());
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}
