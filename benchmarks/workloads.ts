/** What is measured: each row of the table. */
export interface Workload {
  readonly name: string;
  readonly kind: 'put' | 'replay' | 'verify';
  readonly connections: number;
  /** A request. */
  readonly records: number;
  /** Bytes of data a record. */
  readonly size: number;
  readonly encoding?: 'json' | 'cbor';
  /** Requests carry signatures that the server verifies. */
  readonly isSigned?: boolean;
  readonly shards?: number;
  /** Further arguments of `millrace serve`; a workload that has them is Millrace's alone. */
  readonly args?: readonly string[];
  /** Reads what the workload before it wrote, from the server as that one left it. */
  readonly continues?: boolean;
}

/** What one run measured; records and bytes are of acknowledged data after the warm-up only. */
export interface LoadResult {
  readonly records: number;
  /** With those of the warm-up: what the server's CPU time is divided by. */
  readonly allRecords: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const putRecord = (connections: number, size: number): Workload => ({
  name: `PutRecord ${size} B, ${connections} connections`,
  kind: 'put',
  connections,
  records: 1,
  size,
});
/** Reads what the row before it put. */
const replay = (name: string, args: readonly string[], encoding: 'json' | 'cbor' = 'json'): Workload => ({
  name,
  kind: 'replay',
  connections: 8,
  records: 1,
  size: 1024,
  encoding,
  continues: true,
  args,
});
const onShards = (shards: number, count: string): Workload => ({
  name: `PutRecords 500 × 100 B, ${count}`,
  kind: 'put',
  connections: 8,
  records: 500,
  size: 100,
  shards,
  args: [],
});
const signed = ['--auth', 'sigv4'];
const hot = ['--hot-mib', '2000'];
const cold = ['--hot-mib', '8'];

export const workloads: readonly Workload[] = [
  { name: 'verified: each record once, in order', kind: 'verify', connections: 4, records: 100, size: 100 },
  putRecord(1, 100),
  putRecord(64, 100),
  { ...putRecord(64, 100), name: 'PutRecord 100 B, 64 connections, signatures verified', isSigned: true, args: signed },
  putRecord(512, 100),
  putRecord(64, 1024),
  { name: 'PutRecords 500 × 100 B, 8 connections', kind: 'put', connections: 8, records: 500, size: 100 },
  { name: 'PutRecords 500 × 1 KiB, 8 connections', kind: 'put', connections: 8, records: 500, size: 1024 },
  { name: 'replay of 1 KiB records', kind: 'replay', connections: 8, records: 1, size: 1024, continues: true },
  {
    name: 'PutRecords 500 × 1 KiB, CBOR',
    kind: 'put',
    connections: 8,
    records: 500,
    size: 1024,
    encoding: 'cbor',
    args: [],
  },
  { name: 'PutRecords 5 × 1 MiB, 4 connections', kind: 'put', connections: 4, records: 5, size: 1 << 20 },
  { name: 'PutRecords 500 × 1 KiB, kept in memory', kind: 'put', connections: 8, records: 500, size: 1024, args: hot },
  replay('replay from memory, JSON', hot),
  replay('replay from memory, JSON, again', hot),
  replay('replay from memory, CBOR', hot, 'cbor'),
  { name: 'PutRecords 500 × 1 KiB, little memory', kind: 'put', connections: 8, records: 500, size: 1024, args: cold },
  replay('replay from segments, JSON', cold),
  replay('replay from segments, CBOR', cold, 'cbor'),
  onShards(1, '1 shard'),
  onShards(100, '100 shards'),
  onShards(5000, '5,000 shards'),
];
