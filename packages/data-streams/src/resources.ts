import type { StreamReference } from './stream-lookup.ts';
import { partitionOf } from '@millrace/model';
import { parseArn, referencedKey } from './stream-lookup.ts';
import type { DataStreams, RequestContext } from './service.ts';

/** What a call touches, for authorisation: an ARN, the account that owns it, and the policy attached to it. */
export interface TouchedResource {
  readonly arn: string;
  readonly account: string;
  readonly policy: string | undefined;
}

/** The resource of a call by its input's names; the account as a whole where it names none. */
export function resourcesOf(service: DataStreams, input: object, context: RequestContext): TouchedResource {
  const named = input as StreamReference & { ResourceARN?: string; ConsumerARN?: string; ShardIterator?: string };
  const arn = named.ConsumerARN ?? named.ResourceARN ?? named.StreamARN ?? arnOf(service, named, context);
  const account = parseArn(arn)?.account ?? context.account;
  return { arn, account, policy: service.state.policies.get(arn) };
}

function arnOf(
  service: DataStreams,
  named: StreamReference & { ShardIterator?: string },
  context: RequestContext,
): string {
  if (named.ShardIterator !== undefined) {
    const { account, region, streamName } = service.iterators.open(named.ShardIterator, 0);
    return streamArn(account, region, streamName);
  }
  if (named.StreamName === undefined && named.StreamId === undefined) return '*';
  const { account, region, name } = referencedKey(service.state, named, context);
  return streamArn(account, region, name);
}

function streamArn(account: string, region: string, name: string): string {
  return `arn:${partitionOf(region)}:kinesis:${region}:${account}:stream/${name}`;
}
