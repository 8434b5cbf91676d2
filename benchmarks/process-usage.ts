import { readFileSync } from 'node:fs';

/** CPU seconds (user and system) that a process has used, and its resident memory in MB, from /proc. */
export function processUsage(pid: number): { cpuSeconds: number; residentMb: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime are fields 14 and 15 of proc(5), in clock ticks of 10 ms; rss is field 24, in pages.
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
    residentMb: (Number(fields[21]) * 4096) / 1e6,
  };
}
