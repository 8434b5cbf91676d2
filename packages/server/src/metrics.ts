import { labels } from './samples.ts';
import type { ServiceSample } from './samples.ts';

/**
 * What the server counts, in Prometheus' text format at GET /metrics. Names and labels are bounded: operations and error
 * codes come from the model, never from callers.
 */
export interface RequestMetrics {
  observe(operation: string, status: number, errorCode: string | undefined, durationMs: number): void;
  /** The text of /metrics: requests, the figures the rooms hand in by name, and CloudWatch's of each stream and delivery stream. */
  render(rooms: Readonly<Record<string, Readonly<Record<string, number>>>>, samples: Iterable<ServiceSample>): string;
}

const bucketsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 5000];

interface Series {
  readonly counts: number[];
  total: number;
  sumMs: number;
  readonly errors: Map<string, number>;
}

/** One per server. `observe` costs two map look-ups, no allocation. */
export function createRequestMetrics(): RequestMetrics {
  const series = new Map<string, Series>();
  return {
    observe(operation, status, errorCode, durationMs) {
      let entry = series.get(operation);
      if (entry === undefined) {
        entry = { counts: bucketsMs.map(() => 0), total: 0, sumMs: 0, errors: new Map() };
        series.set(operation, entry);
      }
      entry.total += 1;
      entry.sumMs += durationMs;
      const bucket = bucketsMs.findIndex((limit) => durationMs <= limit);
      if (bucket >= 0) entry.counts[bucket]! += 1;
      if (status >= 400) {
        const code = errorCode ?? String(status);
        entry.errors.set(code, (entry.errors.get(code) ?? 0) + 1);
      }
    },
    render: (rooms, samples) => renderRequests(series) + renderRooms(rooms) + renderSamples(samples),
  };
}

function renderRequests(series: ReadonlyMap<string, Series>): string {
  const lines = [
    '# HELP millrace_request_duration_seconds Time from the last byte of a request to its answer.',
    '# TYPE millrace_request_duration_seconds histogram',
  ];
  for (const [operation, { counts, total, sumMs }] of series) {
    let cumulative = 0;
    for (const [index, limit] of bucketsMs.entries()) {
      cumulative += counts[index]!;
      lines.push(
        `millrace_request_duration_seconds_bucket{operation="${operation}",le="${limit / 1000}"} ${cumulative}`,
      );
    }
    lines.push(
      `millrace_request_duration_seconds_bucket{operation="${operation}",le="+Inf"} ${total}`,
      `millrace_request_duration_seconds_sum{operation="${operation}"} ${sumMs / 1000}`,
      `millrace_request_duration_seconds_count{operation="${operation}"} ${total}`,
    );
  }
  lines.push(
    '# HELP millrace_request_errors_total Requests answered with an error, by its code.',
    '# TYPE millrace_request_errors_total counter',
  );
  for (const [operation, { errors }] of series) {
    for (const [code, count] of errors) {
      lines.push(`millrace_request_errors_total{operation="${operation}",code="${code}"} ${count}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function renderRooms(rooms: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  const lines: string[] = [];
  for (const [room, values] of Object.entries(rooms)) {
    for (const [key, value] of Object.entries(values)) {
      const name = `millrace_${room}_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
      lines.push(`# TYPE ${name} gauge`, `${name} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * CloudWatch's names with `_` for the dot: kinesis_PutRecords_TotalRecords_total{account="…",region="…",stream="…"}, and
 * kinesis_shard_… with a label more where EnableEnhancedMonitoring asked for it. Names of streams need no escapes.
 */
function renderSamples(samples: Iterable<ServiceSample>): string {
  const families = new Map<string, string[]>();
  for (const { name, kind, family: prefix, account, region, dimensions, value } of samples) {
    const family = `${prefix}_${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`;
    let lines = families.get(family);
    if (lines === undefined) families.set(family, (lines = [`# TYPE ${family} ${kind}`]));
    const place = dimensions.map(({ Name, Value }) => `,${labels[Name]}="${Value}"`).join('');
    lines.push(`${family}{account="${account}",region="${region}"${place}} ${value}`);
  }
  return [...families.values()].map((lines) => `${lines.join('\n')}\n`).join('');
}
