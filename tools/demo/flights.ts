import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One flight of the vega-datasets package (US domestic flights, January to March 2001). */
export interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** A flight as the demo sends it: with its place among the flights of its origin, by which readers check the order. */
export interface FlightEvent extends Flight {
  readonly ordinal: number;
}

export interface PacedFlight {
  readonly event: FlightEvent;
  /** When to send it, in milliseconds from the start of the demo. */
  readonly dueMs: number;
}

/** The flights in order of departure, their three months squeezed into `durationMs`. */
export function loadFlights(durationMs: number): PacedFlight[] {
  // The package exports no path to its files.
  const file = join(import.meta.dirname, '../../node_modules/vega-datasets/data/flights-20k.json');
  const flights = JSON.parse(readFileSync(file, 'utf8')) as Flight[];
  const times = flights.map(({ date }) => Date.parse(`${date.replaceAll('/', '-').replace(' ', 'T')}:00Z`));
  const first = Math.min(...times);
  const span = Math.max(...times) - first;
  const order = flights.map((_, index) => index).sort((a, b) => times[a]! - times[b]!);
  const ordinals = new Map<string, number>();
  return order.map((index) => {
    const flight = flights[index]!;
    const ordinal = ordinals.get(flight.origin) ?? 0;
    ordinals.set(flight.origin, ordinal + 1);
    return { event: { ...flight, ordinal }, dueMs: ((times[index]! - first) / span) * durationMs };
  });
}
