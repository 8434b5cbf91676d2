import type { Flight } from './flights.ts';

interface Event {
  readonly records: readonly { readonly recordId: string; readonly data: string }[];
}

interface Answer {
  readonly records: readonly {
    readonly recordId: string;
    readonly result: 'Ok';
    readonly data: string;
    readonly metadata: { readonly partitionKeys: { readonly month: string } };
  }[];
}

/** A transformation as Firehose calls it, asynchronous as Lambda wants it: the kind of a flight's delay, and the month to put it under. */
export async function handler({ records }: Event): Promise<Answer> {
  return {
    records: records.map(({ recordId, data }) => {
      const flight = JSON.parse(Buffer.from(data, 'base64').toString()) as Flight;
      const month = flight.date.slice(0, 7).replace('/', '-');
      const text = JSON.stringify({ ...flight, kind: kindOf(flight.delay) });
      const metadata = { partitionKeys: { month } };
      return { recordId, result: 'Ok', data: Buffer.from(text).toString('base64'), metadata };
    }),
  };
}

/** Minutes; fifteen are what US statistics call late. */
function kindOf(delay: number): 'early' | 'late' | 'on time' {
  if (delay >= 15) return 'late';
  return delay < 0 ? 'early' : 'on time';
}
