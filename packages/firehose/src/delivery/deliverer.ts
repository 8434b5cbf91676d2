import { pause } from '@millrace/world';
import type { ByteBudget, Random } from '@millrace/world';
import type { ExtendedS3DestinationDescription, S3DestinationDescription } from '@millrace/model/firehose';
import { hintsOf } from '../destinations/destination.ts';
import type { HttpDestination } from '../destinations/http-endpoint.ts';
import { bucketOf } from '../destinations/s3.ts';
import type { Firehose } from '../service.ts';
import { cursorsOf, goneShards } from '../source.ts';
import type { DeliveryStream } from '../state.ts';
import { extensionOf } from './compression.ts';
import type { Compressor } from './compression.ts';
import { errorLine } from './error-record.ts';
import type { FailedRecord } from './error-record.ts';
import { objectName } from './object-name.ts';
import { PageProcessing } from './page-processing.ts';
import { toHttpEndpoint } from './to-http-endpoint.ts';
import type { HttpBatchRecord, HttpProgress } from './to-http-endpoint.ts';
import { dueWindow, readSpan } from './window.ts';
import type { Window } from './window.ts';

/** How often a window's data are in memory at once: pieces and body; records, their base64 and the request's text. */
const copies = { S3: 2, HttpEndpoint: 4 };
/** Beside the data: a compressor, a page. */
const windowBytes = 2 << 20;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** What an object that is on its way when delivery stops may still take. */
const graceMs = 10_000;
/** How soon a reshard of a stream that is read is noticed, and where records are put directly that hints were updated. */
const lookAgainMs = { stream: 500, direct: 5000 };
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
  /** What is under way holds its part of it. */
  readonly memory: ByteBudget;
  readonly counters: DeliveryCounters;
}

/**
 * An object that was begun. It is tried again as it was and under the same name: an answer that was lost makes no second object,
 * and a put that was given up and lands late replaces nothing that has more in it.
 */
interface Attempt {
  readonly window: Window;
  /** The delivery stream's when it was begun: another destination is another object. */
  readonly version: number;
  readonly destination: DeliveryStream['destination'];
  readonly key: string;
  /** Of the object with the records that could not be processed, if there are any. */
  readonly errorKey: string;
  /** Of the object with the records that the endpoint did not take. */
  readonly refusedKey: string;
  readonly progress: HttpProgress;
  /** Whether what is to be kept of everything is kept. */
  isBackedUp: boolean;
}

/**
 * Delivers a delivery stream's records, object by object in the order of arrival, for as long as it runs. A record is
 * delivered at least once: its object is at the destination before the position behind it is recorded, and after a crash
 * delivery goes on at the recorded position.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #stopping = new AbortController();
  readonly #givingUp = new AbortController();
  readonly #running: Promise<void>;
  #attempt: Attempt | undefined;
  #failuresInARow = 0;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /**
   * Resolves when nothing is under way any more; a store that hangs is waited for a moment only. What was not delivered is
   * delivered after the next start.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const grace = this.#options.service.world.clock.setTimer(graceMs, () => this.#givingUp.abort());
    await this.#running;
    grace.cancel();
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
    const { service, memory, counters } = this.#options;
    const { log, world } = service;
    // A stream that is read keeps its records itself.
    if (stream.source === undefined) await log.trim(stream.logId, world.clock.now() - keptMs);
    const attempt = (await this.#begun(stream)) ?? (await this.#next(stream));
    if (attempt === undefined) return;
    this.#attempt = attempt;
    const { window } = attempt;
    const expired = expiredBefore(stream, window);
    const held = window.bytes * copies[attempt.destination.type] + windowBytes;
    await memory.acquire(held);
    try {
      // Those that wait for room when delivery stops begin nothing any more.
      if (this.#stopping.signal.aborted) return;
      await this.#put(stream, attempt);
    } finally {
      memory.release(held);
    }
    await service.change({
      type: 'Delivered',
      atMs: world.clock.now(),
      deliveryStream: this.#options.key,
      positions: Object.fromEntries(window.spans.map(({ logId, to }) => [logId, to])),
      gone: goneShards(service, stream),
    });
    this.#attempt = undefined;
    this.#countExpired(expired);
    counters.objects += 1;
    counters.records += window.spans.reduce((sum, { from, to }) => sum + to - from, 0);
    counters.bytes += window.bytes;
    const delivered = stream.positions[stream.logId];
    if (delivered !== undefined) await trimBefore(service, stream.logId, delivered);
  }

  /** What was tried before, where it would be the same object again. */
  async #begun({ version }: DeliveryStream): Promise<Attempt | undefined> {
    const { log } = this.#options.service;
    if (this.#attempt?.version !== version) return undefined;
    for (const { logId, from } of this.#attempt.window.spans) {
      const { records } = await log.read(logId, from, { maxRecords: 1, maxBytes: 1 });
      if (records[0]?.index !== from) return undefined;
    }
    return this.#attempt;
  }

  /** Waits until records are due; undefined when delivery stops first. */
  async #next(stream: DeliveryStream): Promise<Attempt | undefined> {
    const { service } = this.#options;
    const { world, log } = service;
    const window = await dueWindow({
      world,
      log,
      hints: () => hintsOf(stream.destination),
      cursors: (upTo) => cursorsOf(service, stream, upTo),
      lookAgainMs: stream.source === undefined ? lookAgainMs.direct : lookAgainMs.stream,
      stop: this.#stopping.signal,
    });
    if (window === undefined) return undefined;
    const { version, destination } = stream;
    return {
      window,
      version,
      destination,
      ...keysOfObjects(stream, window, world.random),
      progress: { requestId: world.random.uuid(), begunMs: world.clock.monotonicMs(), tries: 0 },
      isBackedUp: false,
    };
  }

  #countExpired(expired: number): void {
    if (expired === 0) return;
    const { counters, service, key } = this.#options;
    counters.expired += expired;
    service.report(`of ${key} ${expired} records expired before they could be delivered`, undefined);
  }

  #put(stream: DeliveryStream, attempt: Attempt): Promise<void> {
    const { destination } = attempt;
    return destination.type === 'S3'
      ? this.#putObject(stream, attempt, destination.s3)
      : this.#post(stream, attempt, destination);
  }

  async #putObject(
    { source }: DeliveryStream,
    { window, key, errorKey }: Attempt,
    s3: S3DestinationDescription & Pick<ExtendedS3DestinationDescription, 'ProcessingConfiguration'>,
  ): Promise<void> {
    const { log } = this.#options.service;
    const processing = new PageProcessing(s3.ProcessingConfiguration, source !== undefined);
    await this.#storeCompressed(s3, key, async (compressor) => {
      for (const span of window.spans)
        await readSpan(log, span, (records) => compressor.add(processing.process(records)));
      return processing.bytes;
    });
    await this.#storeFailed(s3, errorKey, processing.failed);
  }

  /** What the endpoint does not take in its time goes to the bucket; where everything is to be kept, all of it goes there first. */
  async #post({ source, arn }: DeliveryStream, attempt: Attempt, destination: HttpDestination): Promise<void> {
    const { service } = this.#options;
    const { http, s3 } = destination;
    const processing = new PageProcessing(http.ProcessingConfiguration, source !== undefined);
    const records: HttpBatchRecord[] = [];
    for (const span of attempt.window.spans)
      await readSpan(service.log, span, (page) => processing.processEach(page, records));
    if (http.S3BackupMode === 'AllData' && !attempt.isBackedUp) {
      await this.#storeCompressed(s3, attempt.key, async (compressor) => {
        for (const { data } of records) await compressor.add(data);
        return processing.bytes;
      });
      attempt.isBackedUp = true;
    }
    const batch = { deliveryStreamArn: arn, records, signal: this.#givingUp.signal };
    const refused = records.length === 0 ? [] : await toHttpEndpoint(service, destination, attempt.progress, batch);
    await this.#storeFailed(s3, attempt.errorKey, processing.failed);
    await this.#storeFailed(s3, attempt.refusedKey, refused);
  }

  /** Stores what `feed` adds; it answers how many bytes that were. An object of nothing says nothing, and is not stored. */
  async #storeCompressed(
    s3: S3DestinationDescription,
    key: string,
    feed: (compressor: Compressor) => Promise<number>,
  ): Promise<void> {
    const compressor = this.#options.service.compressors[s3.CompressionFormat]!();
    try {
      if ((await feed(compressor)) > 0) await this.#store(s3, key, await compressor.finish());
    } finally {
      compressor.discard();
    }
  }

  async #storeFailed(s3: S3DestinationDescription, key: string, failed: readonly FailedRecord[]): Promise<void> {
    if (failed.length === 0) return;
    const endedMs = this.#options.service.world.clock.now();
    await this.#store(
      s3,
      key,
      failed.map((record) => Buffer.from(errorLine(record, endedMs))),
    );
  }

  #store(s3: S3DestinationDescription, key: string, body: readonly Buffer[]): Promise<void> {
    const kmsKeyArn = s3.EncryptionConfiguration.KMSEncryptionConfig?.AWSKMSKeyARN;
    const signal = this.#givingUp.signal;
    return this.#options.service.objects.put({ bucket: bucketOf(s3), key, body, kmsKeyArn, signal });
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options.service.world;
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failuresInARow);
    this.#failuresInARow += 1;
    return pause(clock, most * (0.5 + random.fraction() / 2), [this.#stopping.signal]);
  }
}

function keysOfObjects(
  { destination, name, version }: DeliveryStream,
  { oldestMs }: Window,
  random: Random,
): Pick<Attempt, 'key' | 'errorKey' | 'refusedKey'> {
  const { s3 } = destination;
  const zone = destination.type === 'S3' ? destination.s3.CustomTimeZone : undefined;
  const parts = {
    deliveryStream: name,
    version,
    timeMs: oldestMs,
    timeZone: zone === '' ? undefined : zone,
    uuid: random.uuid(),
    randomString: () => randomString(random.bytes(11)),
  };
  const errors = { ...parts, prefix: s3.ErrorOutputPrefix, extension: '' };
  return {
    key: objectName({ ...parts, prefix: s3.Prefix, extension: extensionOf(s3) }),
    errorKey: objectName({ ...errors, errorOutputType: 'processing-failed' }),
    refusedKey: objectName({ ...errors, errorOutputType: 'http-endpoint-failed' }),
  };
}

/** Records between what is delivered and a window. */
function expiredBefore({ positions }: DeliveryStream, { spans }: Window): number {
  return spans.reduce((sum, { logId, from }) => sum + from - (positions[logId] ?? 0), 0);
}

/** Lets the log forget what is delivered; whole segments go, so it need not be exact. */
async function trimBefore({ log }: Firehose, logId: number, index: number): Promise<void> {
  const { records } = await log.read(logId, index - 1, { maxRecords: 1, maxBytes: 1 });
  const last = records[0];
  if (last !== undefined) await log.trim(logId, last.arrivalMs);
}

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomString(bytes: Buffer): string {
  return [...bytes].map((byte) => characters[byte % characters.length]).join('');
}
