import type { StoredRecord } from '@millrace/log';
import { bucketOf } from '../destination.ts';
import type { Firehose } from '../service.ts';
import type { DeliveryStream } from '../state.ts';
import { extensions } from './compression.ts';
import { objectName } from './object-name.ts';
import type { Slots } from './slots.ts';
import { dueWindow, readWindow } from './window.ts';
import type { Hints, Window } from './window.ts';

const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** "Data is kept for 24 hours": what could not be delivered by then is lost, as at AWS. */
const keptMs = 86_400_000;

/** Counted since the server began. */
export interface DeliveryCounters {
  objects: number;
  records: number;
  bytes: number;
  failures: number;
  /** Records that expired before they could be delivered. */
  expired: number;
}

export interface DelivererOptions {
  readonly service: Firehose;
  /** The delivery stream's. */
  readonly key: string;
  /** Who builds an object holds one: memory is bounded by slots times the largest buffer. */
  readonly slots: Slots;
  readonly counters: DeliveryCounters;
}

/** An object that was begun: tried again under the same name, so that an answer that was lost makes no second object. */
interface Attempt {
  readonly from: number;
  readonly uuid: string;
}

/**
 * Delivers a delivery stream's records, object by object in the order of arrival, for as long as it runs. A record is
 * delivered at least once: its object is at the destination before the position behind it is recorded, and after a crash
 * delivery goes on at the recorded position.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #attempt: Attempt | undefined;
  #failuresInARow = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. What was not delivered is delivered after the next start. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#running;
  }

  get #stream(): DeliveryStream | undefined {
    return this.#options.service.state.deliveryStreams.get(this.#options.key);
  }

  async #run(): Promise<void> {
    const { service, counters } = this.#options;
    while (!this.#stopping.signal.aborted && this.#stream !== undefined) {
      try {
        await this.#deliverNext(this.#stream);
        this.#failuresInARow = 0;
      } catch (error) {
        counters.failures += 1;
        service.report(`delivery of ${this.#options.key} failed and is tried again`, error);
        await this.#pause();
      }
    }
  }

  async #deliverNext(stream: DeliveryStream): Promise<void> {
    const { service, slots, counters } = this.#options;
    const { log, world } = service;
    await log.trim(stream.logId, world.clock.now() - keptMs);
    const place = { world, log, logId: stream.logId };
    const window = await dueWindow(place, stream.deliveredIndex, () => hintsOf(stream), this.#stopping.signal);
    if (window === undefined) return;
    if (window.from > stream.deliveredIndex) {
      counters.expired += window.from - stream.deliveredIndex;
      service.report(`records of ${this.#options.key} expired`, new Error(`${window.from - stream.deliveredIndex}`));
    }
    await slots.take();
    try {
      await this.#put(stream, window);
    } finally {
      slots.give();
    }
    await service.change({
      type: 'Delivered',
      atMs: world.clock.now(),
      deliveryStream: this.#options.key,
      index: window.to,
    });
    counters.objects += 1;
    counters.records += window.to - window.from;
    counters.bytes += window.bytes;
    await log.trim(stream.logId, window.newestMs);
  }

  async #put({ logId, destination, name, version }: DeliveryStream, window: Window): Promise<void> {
    const { world, log, objects } = this.#options.service;
    if (this.#attempt?.from !== window.from) this.#attempt = { from: window.from, uuid: world.random.uuid() };
    const { CompressionFormat: format } = destination;
    const compressor = this.#options.service.compressors[format]!();
    try {
      await readWindow({ world, log, logId }, window, (records) => compressor.add(joined(records)));
      const { CustomTimeZone: zone, FileExtension: extension, EncryptionConfiguration: encryption } = destination;
      await objects.put({
        bucket: bucketOf(destination),
        key: objectName({
          deliveryStream: name,
          version,
          timeMs: window.oldestMs,
          timeZone: zone === '' ? undefined : zone,
          prefix: destination.Prefix,
          extension: extension === undefined || extension === '' ? extensions[format] : extension,
          uuid: this.#attempt.uuid,
          randomString: () => randomString(world.random.bytes(11)),
        }),
        body: await compressor.finish(),
        kmsKeyArn: encryption.KMSEncryptionConfig?.AWSKMSKeyARN,
      });
    } finally {
      compressor.discard();
    }
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options.service.world;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failuresInARow);
    this.#failuresInARow += 1;
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = clock.setTimer(most * (0.5 + random.fraction() / 2), finish);
      signal.addEventListener('abort', finish);
      if (signal.aborted) finish();
    });
  }
}

function hintsOf({ destination: { BufferingHints: hints } }: DeliveryStream): Hints {
  return { bytes: hints.SizeInMBs! << 20, intervalMs: hints.IntervalInSeconds! * 1000 };
}

/** One copy of a page's data: what the log lends is lent for this moment only. */
function joined(records: readonly StoredRecord[]): Buffer {
  return Buffer.concat(records.map(({ data }) => data));
}

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomString(bytes: Buffer): string {
  return [...bytes].map((byte) => characters[byte % characters.length]).join('');
}
