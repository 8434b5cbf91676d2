import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import type { ConsumerSettings } from './options.ts';
import { registeredConsumer } from './registration.ts';
import { streamReference } from './shards.ts';

/** A stream that an application reads. */
export interface StreamPlace {
  /** As the caller gave it: a name or an ARN. */
  readonly stream: string;
  /** In the leases of an application with several streams, as KCL has it; undefined with one. */
  readonly identifier: string | undefined;
}

/** The streams of an application, by the identifier in their leases. One that is deleted and made again is another one. */
export class Streams {
  readonly #options: ConsumerSettings;
  readonly #consumers = new Map<string, string>();
  #places = new Map<string | undefined, StreamPlace>();

  constructor(options: ConsumerSettings) {
    this.#options = options;
  }

  get places(): ReadonlyMap<string | undefined, StreamPlace> {
    return this.#places;
  }

  /** Asks the caller again for the streams. One that cannot be described now stays as it was, or is left out until it can. */
  async refresh(): Promise<void> {
    const { stream, streams, onEvent } = this.#options;
    if (streams === undefined) {
      if (stream === undefined) throw new TypeError('one of stream and streams must be given');
      this.#places = new Map([[undefined, { stream, identifier: undefined }]]);
      return;
    }
    const names = new Set(typeof streams === 'function' ? await streams() : streams);
    const places = [...this.#places.values()].filter((place) => names.has(place.stream));
    for (const name of names) {
      try {
        const place = { stream: name, identifier: await this.#identify(name) };
        const former = places.findIndex((one) => one.stream === name);
        places.splice(former < 0 ? places.length : former, 1, place);
      } catch (error) {
        onEvent?.({ type: 'error', during: `describing ${name}`, error });
      }
    }
    this.#places = new Map(places.map((place) => [place.identifier, place]));
  }

  /** ACCOUNT:NAME:SECOND, of the stream's creation: what KCL's users give it, by its documentation. */
  async #identify(stream: string): Promise<string> {
    const answer = await this.#options.client.send(new DescribeStreamSummaryCommand(streamReference(stream)));
    const { StreamARN, StreamName, StreamCreationTimestamp } = answer.StreamDescriptionSummary!;
    const account = StreamARN!.split(':')[4]!;
    return `${account}:${StreamName!}:${Math.floor(new Date(StreamCreationTimestamp!).getTime() / 1000)}`;
  }

  /** The registered consumer to read a stream with: undefined without enhanced fan-out, false while it is not active yet. */
  async consumerArn({ stream, identifier }: StreamPlace): Promise<string | false | undefined> {
    const { client, fanOut } = this.#options;
    if (fanOut === undefined) return undefined;
    const known = identifier ?? stream;
    const found = this.#consumers.get(known) ?? (await registeredConsumer({ client, stream }, fanOut.consumerName));
    if (found !== undefined) this.#consumers.set(known, found);
    return found ?? false;
  }

  /** It may have been deregistered, or gone with its stream: it is looked for anew. */
  forgetConsumer({ stream, identifier }: StreamPlace): void {
    this.#consumers.delete(identifier ?? stream);
  }
}
