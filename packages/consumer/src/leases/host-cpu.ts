import { cpus } from 'node:os';

/** How busy the machine's processors are, as KCL's LinuxCpuWorkerMetric measures it: between one look and the next. */
export class HostCpu {
  #last = times();

  /** 0 to 100; 0 where nothing has passed. */
  percent(): number {
    const now = times();
    const total = now.total - this.#last.total;
    const idle = now.idle - this.#last.idle;
    this.#last = now;
    return total <= 0 ? 0 : Math.round((1 - idle / total) * 10_000) / 100;
  }
}

function times(): { readonly idle: number; readonly total: number } {
  const all = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    idle,
    total: user + nice + sys + idle + irq,
  }));
  const sum = (of: (one: { idle: number; total: number }) => number): number =>
    all.reduce((so, one) => so + of(one), 0);
  return { idle: sum(({ idle }) => idle), total: sum(({ total }) => total) };
}
