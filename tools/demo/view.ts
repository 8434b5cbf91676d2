import type { Tally } from './tally.ts';

/** What the view shows; read anew at every frame. */
export interface Progress {
  readonly total: number;
  readonly sent: number;
  readonly putPerSecond: number;
  readonly note: string;
  /** Open shards in order, with the share of the hash space that each covers (0 to 1). */
  readonly shards: readonly { readonly id: string; readonly share: number; readonly open: boolean }[];
  readonly polled: Tally;
  readonly pushed: Tally;
}

/** Draws the progress of flights through a stream. */
export function createView(output: NodeJS.WriteStream): { draw(progress: Progress): void } {
  const screen = createScreen(output);
  return {
    draw: (progress) => screen.draw(summaryLine(progress), (width) => picture(progress, width)),
  };
}

/**
 * A place to draw on: in a terminal a picture redrawn where it stands, elsewhere one line a call.
 */
export function createScreen(output: NodeJS.WriteStream): {
  draw(line: string, picture: (width: number) => readonly string[]): void;
} {
  let drawn = 0;
  return {
    draw(line, paint) {
      if (!output.isTTY) {
        output.write(`${line}\n`);
        return;
      }
      const lines = paint(Math.min(output.columns || 80, 100));
      const back = drawn === 0 ? '' : `\u001B[${drawn}A`;
      output.write(`${back}${lines.map((text) => `\u001B[2K${text}\n`).join('')}\u001B[J`);
      drawn = lines.length;
    },
  };
}

function summaryLine({ sent, total, putPerSecond, polled, pushed, shards, note }: Progress): string {
  const open = shards.filter((shard) => shard.open).length;
  const percent = String(Math.floor((sent / total) * 100)).padStart(3);
  return (
    `${percent}%  sent ${sent}  ${putPerSecond}/s  polled ${polled.received}  pushed ${pushed.received}` +
    `  latency p50 polled ${polled.latencyMs(0.5, 2000).toFixed(0)} ms, pushed ${pushed.latencyMs(0.5, 2000).toFixed(1)} ms` +
    `  ${open} open shards${note === '' ? '' : `  ${note}`}`
  );
}

function picture(progress: Progress, width: number): string[] {
  const { sent, total, putPerSecond, polled, pushed, shards, note } = progress;
  const bar = meter(sent / total, width - 34);
  const largest = Math.max(1, ...shards.map(({ id }) => pushed.byShard.get(id) ?? 0));
  return [
    `flights  ${bar} ${String(sent).padStart(6)} of ${total}  ${putPerSecond}/s`,
    '',
    'shard                  hash space    GetRecords  SubscribeToShard',
    ...shards.map(({ id, share, open }) => {
      const count = pushed.byShard.get(id) ?? 0;
      const state = open ? '' : ' closed';
      return (
        `${id}   ${`${(share * 100).toFixed(1)} %`.padStart(7)}     ${String(polled.byShard.get(id) ?? 0).padStart(8)}  ` +
        `${String(count).padStart(8)} ${meter(count / largest, 20)}${state}`
      );
    }),
    '',
    `put to receive   GetRecords p50 ${polled.latencyMs(0.5, 2000).toFixed(0)} ms   SubscribeToShard p50 ` +
      `${pushed.latencyMs(0.5, 2000).toFixed(1)} ms  p99 ${pushed.latencyMs(0.99, 2000).toFixed(1)} ms`,
    note,
  ];
}

/** `width` cells, the given part (0 to 1) of them full. */
export function meter(fraction: number, width: number): string {
  const cells = Math.max(0, width);
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * cells);
  return '█'.repeat(filled) + '░'.repeat(cells - filled);
}
