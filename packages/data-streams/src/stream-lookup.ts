import type { RequestContext } from './service.ts';
import { AwsError } from '@millrace/model';
import { invalidArgument, streamNotFound } from './errors.ts';
import { streamKey } from './state.ts';
import type { Consumer, Stream, StreamsState } from './state.ts';

/** The ways in which a caller names a stream. */
export interface StreamReference {
  readonly StreamName?: string | undefined;
  readonly StreamARN?: string | undefined;
  readonly StreamId?: string | undefined;
}

type Place = Pick<RequestContext, 'account' | 'region'>;

export interface ArnParts {
  readonly account: string;
  readonly region: string;
  readonly streamName: string;
  readonly consumerName: string | undefined;
}

/** arn:PARTITION:kinesis:REGION:ACCOUNT:stream/NAME[/consumer/NAME:SECONDS] */
export function parseArn(arn: string): ArnParts | undefined {
  const match =
    /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]+)(?:\/consumer\/([a-zA-Z0-9_.-]+):\d+)?$/.exec(
      arn,
    );
  if (match === null) return undefined;
  return { region: match[1]!, account: match[2]!, streamName: match[3]!, consumerName: match[4] };
}

/**
 * The key of the stream a request names, whether it exists or not. An ARN names its own account and region: whether the
 * caller may go there is for access to say. Texts for missing and contradicting names are not recorded.
 */
export function referencedKey(
  state: StreamsState,
  reference: StreamReference,
  place: Place,
): { account: string; region: string; name: string } {
  const { StreamName: name, StreamARN: arn, StreamId: id } = reference;
  if (arn !== undefined) {
    const parts = parseArn(arn);
    if (parts === undefined || parts.consumerName !== undefined) throw invalidArgument(`Invalid StreamARN: ${arn}`);
    if (name !== undefined && name !== parts.streamName)
      throw invalidArgument('StreamName and StreamARN do not match.');
    return { account: parts.account, region: parts.region, name: parts.streamName };
  }
  if (name !== undefined) return { account: place.account, region: place.region, name };
  if (id === undefined) throw invalidArgument('Either StreamName or StreamARN should be provided.');
  for (const stream of state.streams.values()) if (stream.id === id) return stream;
  throw streamNotFound(id, place.account);
}

/** The stream that a request names. Throws ResourceNotFoundException in AWS's words. */
export function findStream(state: StreamsState, reference: StreamReference, place: Place): Stream {
  const { account, region, name } = referencedKey(state, reference, place);
  const stream = state.streams.get(streamKey(account, region, name));
  if (stream === undefined) throw streamNotFound(name, account);
  return stream;
}

export function keyOf({ account, region, name }: Stream): string {
  return streamKey(account, region, name);
}

/** The stream under a key inside a change: it may have gone since the operation looked. */
export function streamAt(state: StreamsState, key: string): Stream {
  const stream = state.streams.get(key);
  const [account = '', , name = ''] = key.split(':');
  if (stream === undefined) throw streamNotFound(name, account);
  return stream;
}

/** A consumer by ARN, or by name and stream ARN. */
export function findConsumer(
  state: StreamsState,
  reference: { ConsumerARN?: string | undefined; ConsumerName?: string | undefined; StreamARN?: string | undefined },
): { stream: Stream; consumer: Consumer } {
  const { ConsumerARN: arn, ConsumerName: name, StreamARN: streamArn } = reference;
  const parts = parseArn(arn ?? streamArn ?? '');
  if (parts === undefined || (arn === undefined && name === undefined)) {
    throw invalidArgument('Either ConsumerARN, or both ConsumerName and StreamARN should be provided.');
  }
  const stream = state.streams.get(streamKey(parts.account, parts.region, parts.streamName));
  const consumer = stream?.consumers.get(parts.consumerName ?? name!);
  if (stream === undefined || consumer === undefined || (arn !== undefined && consumer.arn !== arn)) {
    const what = arn === undefined ? `Consumer ${name} of stream ${parts.streamName}` : `Consumer ${arn}`;
    throw new AwsError('ResourceNotFoundException', `${what} under account ${parts.account} not found.`);
  }
  return { stream, consumer };
}
