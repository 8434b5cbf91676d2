/** What is kept of the values of a period. */
export interface Statistics {
  count: number;
  sum: number;
  min: number;
  max: number;
  spread: Spread;
}

/** How values are spread: all are the minimum, or counted one by one, or nobody knows, since only sums were sent. */
export type Spread = 'even' | 'unknown' | CountedValues;

/**
 * How many there are of each value. At level 0 keys are the values themselves. At level 1 they are rungs of a ladder of which
 * each is 2 % above the one before, and a value is on the rung at or above it; each further level puts two rungs together.
 */
export interface CountedValues {
  level: number;
  readonly counts: Map<number, number>;
}

/** So many keys at most: with more, the ladder is made coarser. A hundred rungs of 2 % span a factor of seven. */
const mostKeys = 100;
const rung = Math.log(1.02);

/** Adds `from` to `into`. */
export function merge(into: Statistics, from: Statistics): void {
  into.spread = mergedSpread(into, from);
  into.count += from.count;
  into.sum += from.sum;
  into.min = Math.min(into.min, from.min);
  into.max = Math.max(into.max, from.max);
}

/** Shares nothing with `statistics` that changes. */
export function copyOf(statistics: Statistics): Statistics {
  const { spread } = statistics;
  if (typeof spread === 'string') return { ...statistics };
  return { ...statistics, spread: { level: spread.level, counts: new Map(spread.counts) } };
}

/** The statistics of values, each with how often it was seen. */
export function statisticsOf(values: Iterable<readonly [value: number, count: number]>): Statistics {
  const all: Statistics = { count: 0, sum: 0, min: Infinity, max: -Infinity, spread: 'even' };
  for (const [value, count] of values) {
    const one: Statistics = { count, sum: value * count, min: value, max: value, spread: spreadOf(value) };
    if (all.count === 0) Object.assign(all, one);
    else merge(all, one);
  }
  return all;
}

/** CloudWatch has no percentiles where a value is negative. */
function spreadOf(value: number): Spread {
  return value < 0 ? 'unknown' : 'even';
}

function mergedSpread(into: Statistics, from: Statistics): Spread {
  if (into.spread === 'unknown' || from.spread === 'unknown') return 'unknown';
  if (into.spread === 'even' && from.spread === 'even' && into.min === from.min) return 'even';
  const merged = into.spread === 'even' ? counted(into) : into.spread;
  const other = from.spread === 'even' ? counted(from) : from.spread;
  while (merged.level < other.level) coarsen(merged);
  for (const [key, count] of other.counts) {
    const own = keyAt(merged.level, key, other.level);
    merged.counts.set(own, (merged.counts.get(own) ?? 0) + count);
  }
  while (merged.counts.size > mostKeys) coarsen(merged);
  return merged;
}

function counted({ min, count }: Statistics): CountedValues {
  return { level: 0, counts: new Map([[min, count]]) };
}

function coarsen(values: CountedValues): void {
  const before = [...values.counts];
  values.counts.clear();
  for (const [key, count] of before) {
    const next = keyAt(values.level + 1, key, values.level);
    values.counts.set(next, (values.counts.get(next) ?? 0) + count);
  }
  values.level += 1;
}

/** The key at a level of what has `key` at a finer one. Zero is below all rungs: its logarithm is minus infinity. */
function keyAt(level: number, key: number, from: number): number {
  let at = key;
  for (let above = from; above < level; above += 1) at = Math.ceil(above === 0 ? Math.log(at) / rung : at / 2);
  return at;
}

function valueAt(level: number, key: number): number {
  if (level === 0) return key;
  return key === -Infinity ? 0 : Math.exp(rung * 2 ** (level - 1) * (key - 0.5));
}

export type Statistic = 'SampleCount' | 'Sum' | 'Average' | 'Minimum' | 'Maximum';

/** One figure of a period. */
export function figureOf({ count, sum, min, max }: Statistics, statistic: Statistic): number {
  switch (statistic) {
    case 'SampleCount':
      return count;
    case 'Sum':
      return sum;
    case 'Average':
      return sum / count;
    case 'Minimum':
      return min;
    default:
      return max;
  }
}

/** The percentile that a name like p99 or p99.9 asks for; undefined where the name is none. */
export function percentileOf(name: string): number | undefined {
  const match = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name);
  const percent = match === null ? NaN : Number(match[1]);
  return percent <= 100 ? percent : undefined;
}

/**
 * The smallest value that `percent` of all values do not pass; undefined where only sums are known. AWS has percentiles of a
 * statistic set only when all its values are the same.
 */
export function percentile({ count, min, max, spread }: Statistics, percent: number): number | undefined {
  if (spread === 'unknown') return undefined;
  if (spread === 'even') return min;
  const rank = (percent / 100) * count;
  let seen = 0;
  for (const [key, number] of [...spread.counts].sort(([one], [other]) => one - other)) {
    seen += number;
    // Counts may be fractions: their sum may miss the whole by the last bit.
    if (seen >= rank * (1 - 1e-12)) return Math.min(max, Math.max(min, valueAt(spread.level, key)));
  }
  return max;
}
