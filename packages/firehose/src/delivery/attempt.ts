import type { ExtendedS3DestinationDescription, S3DestinationDescription } from '@millrace/model/firehose';
import type { World } from '@millrace/world';
import type { Destination } from '../destinations/kinds.ts';
import type { DeliveryStream } from '../state.ts';
import { extensionOf } from './compression.ts';
import { objectName } from './object-name.ts';
import { RecordProgress } from './record-delivery.ts';
import type { Window } from './window.ts';

/** A bucket, and what a bucket that is a destination says of names besides. */
export type Bucket = S3DestinationDescription &
  Pick<ExtendedS3DestinationDescription, 'CustomTimeZone' | 'FileExtension' | 'DataFormatConversionConfiguration'>;

/**
 * A delivery that was begun. It is tried again as it was and under the same names: an answer that was lost makes no second
 * object, and a put that was given up and lands late replaces nothing that has more in it.
 */
export class Attempt {
  readonly window: Window;
  /** The delivery stream's when it was begun: another destination is another delivery. */
  readonly version: number;
  readonly destination: Destination;
  /** The same with every try. */
  readonly requestId: string;
  readonly progress = new RecordProgress();
  /** Whether what is to be kept of everything is kept. */
  isBackedUp = false;
  readonly #deliveryStream: string;
  readonly #random: World['random'];
  readonly #names = new Map<string, string>();

  constructor({ version, destination, name }: DeliveryStream, window: Window, { random }: Pick<World, 'random'>) {
    this.window = window;
    this.version = version;
    this.destination = destination;
    this.requestId = random.uuid();
    this.#deliveryStream = name;
    this.#random = random;
  }

  /** An object's name; `role` keeps apart the objects of one delivery. */
  nameOf(role: string, s3: Bucket): string {
    return this.#named(role, s3, { prefix: s3.Prefix, extension: extensionOf(s3) });
  }

  /** The name of the object with the records that failed in a way; `part` keeps apart several of them. */
  errorNameOf(errorOutputType: string, s3: Bucket, part = ''): string {
    return this.#named(`${errorOutputType} ${part}`, s3, {
      prefix: s3.ErrorOutputPrefix,
      extension: '',
      errorOutputType,
    });
  }

  #named(
    role: string,
    { CustomTimeZone: zone }: Bucket,
    own: { readonly prefix: string | undefined; readonly extension: string; readonly errorOutputType?: string },
  ): string {
    const known = this.#names.get(role);
    if (known !== undefined) return known;
    const random = this.#random;
    const name = objectName({
      deliveryStream: this.#deliveryStream,
      version: this.version,
      timeMs: this.window.oldestMs,
      timeZone: zone === '' ? undefined : zone,
      uuid: random.uuid(),
      randomString: () => randomString(random.bytes(11)),
      ...own,
    });
    this.#names.set(role, name);
    return name;
  }
}

const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function randomString(bytes: Buffer): string {
  return [...bytes].map((byte) => characters[byte % characters.length]).join('');
}
