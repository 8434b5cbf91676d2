import type { ExtendedS3DestinationDescription, S3DestinationDescription } from '@millrace/model/firehose';
import type { World } from '@millrace/world';
import type { Destination } from '../destinations/kinds.ts';
import type { DeliveryError } from './delivery-error.ts';
import type { PartitionKeys } from '../processing/processed-record.ts';
import type { DeliveryStream } from '../state.ts';
import { extensionOf } from './compression.ts';
import { objectName } from './object-name.ts';
import type { NameParts } from './object-name.ts';
import { RecordProgress } from './record-delivery.ts';
import type { Window } from './window.ts';

/** A bucket, and what a bucket that is a destination says of names besides. */
export type Bucket = S3DestinationDescription &
  Pick<ExtendedS3DestinationDescription, 'CustomTimeZone' | 'FileExtension' | 'DataFormatConversionConfiguration'>;

/** What a destination loads from a bucket by itself, once it stands there. */
export interface Staged {
  /** Before compression; where nothing came of the window's records, nothing was stored. */
  readonly bytes: number;
  readonly count: number;
  /** Monotonic. */
  readonly sinceMs: number;
  /** It was loaded: where only the position could not be recorded, it is not loaded again. */
  isLoaded: boolean;
  /** Why it is not loaded any more. */
  givenUp: DeliveryError | undefined;
}

/** What is delivered below a prefix of its own. */
export interface Partition {
  readonly keys: PartitionKeys;
  /** Arrival of its oldest record. */
  readonly oldestMs: number;
}

/**
 * A delivery that was begun. It is tried again as it was and under the same names: an answer that was lost makes no second
 * object, and a put that was given up and lands late replaces nothing that has more in it.
 */
export class Attempt {
  readonly window: Window;
  /** The delivery stream's when it was begun: another destination is another delivery. */
  readonly version: number;
  readonly destination: Destination;
  readonly progress = new RecordProgress();
  /** Whether what is to be kept of everything is kept. */
  isBackedUp = false;
  /** Of destinations that load from a bucket. */
  staged: Staged | undefined;
  /** Keys of objects that were stored last, by their roles; but for those of partitions. */
  readonly stored = new Map<string, string>();
  readonly #deliveryStream: string;
  readonly #random: World['random'];
  readonly #names = new Map<string, string>();
  readonly #requestIds = new Map<string, string>();

  constructor({ version, destination, name }: DeliveryStream, window: Window, { random }: Pick<World, 'random'>) {
    this.window = window;
    this.version = version;
    this.destination = destination;
    this.#deliveryStream = name;
    this.#random = random;
  }

  /** What a request is known by: the same with every try, of the same records. */
  requestIdOf(records: string): string {
    const known = this.#requestIds.get(records);
    if (known !== undefined) return known;
    const id = this.#random.uuid();
    if (this.#requestIds.size < mostNames) this.#requestIds.set(records, id);
    return id;
  }

  /** An object's name; `role` keeps apart the objects of one delivery. */
  nameOf(role: string, s3: Bucket, { keys, oldestMs = this.window.oldestMs }: Partial<Partition> = {}): string {
    return this.#named(role, s3, { prefix: s3.Prefix, extension: extensionOf(s3), timeMs: oldestMs, keys });
  }

  /** The name of the object with the records that failed in a way; `content` keeps apart the objects of different tries. */
  errorNameOf(errorOutputType: string, s3: Bucket, content: string): string {
    const { ErrorOutputPrefix: prefix } = s3;
    return this.#named(`${errorOutputType} ${content} ${prefix ?? ''}`, s3, {
      prefix,
      extension: '',
      timeMs: this.window.oldestMs,
      errorOutputType,
    });
  }

  #named(
    role: string,
    { CustomTimeZone: zone }: Bucket,
    own: Pick<NameParts, 'prefix' | 'extension' | 'timeMs' | 'errorOutputType' | 'keys'>,
  ): string {
    const known = this.#names.get(role);
    if (known !== undefined) return known;
    // A second object of the same records does no harm.
    if (this.#names.size >= mostNames) this.#names.clear();
    const random = this.#random;
    const name = objectName({
      deliveryStream: this.#deliveryStream,
      version: this.version,
      timeZone: zone === '' ? undefined : zone,
      uuid: random.uuid(),
      randomString: () => randomString(random.bytes(11)),
      ...own,
    });
    this.#names.set(role, name);
    return name;
  }
}

/** Of functions that make something else with every try, for a day. */
const mostNames = 10_000;
const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomString(bytes: Buffer): string {
  return [...bytes].map((byte) => characters[byte % characters.length]).join('');
}
