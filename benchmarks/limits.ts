/** What the machine can do at all: the figures that Millrace's stand beside. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { spawn } from 'node:child_process';
import { freePort, untilListening } from './candidates.ts';
import { processUsage } from './process-usage.ts';
import type { LoadResult, Workload } from './workloads.ts';

const run = promisify(execFile);

export async function measureLimits(): Promise<string[]> {
  return [...(await bareHttp()), ...withoutInput(), ...(await disk())];
}

/** A node:http server that reads the body and answers, driven by the same load. */
async function bareHttp(): Promise<string[]> {
  const port = await freePort();
  const program = `require('node:http').createServer((q,s)=>{q.on('data',()=>{});q.on('end',()=>s.end('{"FailedRecordCount":0}'))}).listen(${port},'127.0.0.1')`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  try {
    await untilListening(port, child);
    const lines: string[] = [];
    for (const [records, size, connections] of [
      [1, 100, 64],
      [500, 100, 8],
      [500, 1024, 8],
    ] as const) {
      const workload: Workload = { name: '', kind: 'put', connections, records, size };
      const before = processUsage(child.pid!).cpuSeconds;
      const load = join(import.meta.dirname, 'load.ts');
      const args = ['--conditions=source', load, '127.0.0.1', String(port), 'bench', '3', JSON.stringify(workload)];
      const { stdout } = await run(process.execPath, args);
      const result = JSON.parse(stdout) as LoadResult;
      const cpu = ((processUsage(child.pid!).cpuSeconds - before) / result.allRecords) * 1e6;
      lines.push(
        `a bare node:http server that only reads the body, ${records} × ${size} B, ${connections} connections: ${Math.round(result.records / result.seconds).toLocaleString('en')} records/s at ${cpu.toFixed(2)} µs a record`,
      );
    }
    return lines;
  } finally {
    child.kill('SIGKILL');
  }
}

/** JSON.parse, base64, MD5 and CRC of a request, with nothing around them. */
function withoutInput(): string[] {
  return [100, 1024].map((size) => {
    const Data = Buffer.alloc(size, 'x').toString('base64');
    const body = Buffer.from(
      JSON.stringify({ Records: Array.from({ length: 500 }, (_, n) => ({ PartitionKey: `key-${n}`, Data })) }),
    );
    const once = (): void => {
      const { Records } = JSON.parse(body.toString('latin1')) as { Records: { PartitionKey: string; Data: string }[] };
      const decoded = Records.map((record) => {
        createHash('md5').update(record.PartitionKey).digest();
        return Buffer.from(record.Data, 'base64');
      });
      crc32(Buffer.concat(decoded));
    };
    for (let n = 0; n < 300; n += 1) once();
    const before = process.cpuUsage();
    for (let n = 0; n < 500; n += 1) once();
    const { user, system } = process.cpuUsage(before);
    return `JSON.parse, base64, MD5 and CRC of 500 × ${size} B, no I/O: ${((user + system) / 500 / 500).toFixed(2)} µs a record`;
  });
}

/** fdatasync after a write of 4 KiB and of 4 MiB into space that the file has already. */
async function disk(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const file = await open(join(folder, 'file'), 'w');
  try {
    const lines: string[] = [];
    for (const [size, times] of [
      [4096, 1000],
      [4 << 20, 100],
    ] as const) {
      const bytes = Buffer.alloc(size, 1);
      await file.write(bytes, 0, size, 0);
      await file.sync();
      const took: number[] = [];
      for (let n = 0; n < times; n += 1) {
        const began = performance.now();
        await file.write(bytes, 0, size, 0);
        await file.datasync();
        took.push(performance.now() - began);
      }
      took.sort((a, b) => a - b);
      lines.push(
        `write and fdatasync of ${size} B: p50 ${took[times >> 1]!.toFixed(2)} ms, p99 ${took[Math.floor(times * 0.99)]!.toFixed(2)} ms, ${((size / took[times >> 1]!) * 1e-3).toFixed(0)} MB/s`,
      );
    }
    return lines;
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}
