import { operations } from '@millrace/data-streams';
import type { DataStreams, RequestContext } from '@millrace/data-streams';
import { firehoseOperations } from '@millrace/firehose';
import type { Firehose, ObjectStore } from '@millrace/firehose';
import type { FailureDestinations } from '@millrace/functions';
import type { World } from '@millrace/world';
import { sendOverHttp } from './http-client.ts';
import { ownCall } from './own-call.ts';

export interface Services {
  readonly world: World;
  readonly streams: DataStreams;
  readonly firehose: Firehose;
  readonly objects: ObjectStore;
}

/** Where mappings tell of what a function could not process: streams, delivery streams, buckets, and HTTP endpoints. */
export function failureDestinations({ world, streams, firehose, objects }: Services): FailureDestinations {
  const contextOf = (arn: string): RequestContext => {
    const [, , , region = '', account = ''] = arn.split(':');
    return ownCall(world, { account, region });
  };
  return {
    problem(destination) {
      if (/^https?:\/\/./.test(destination)) return undefined;
      const service = destination.split(':')[2] ?? '';
      if (/^(kinesis|firehose|s3)$/.test(service)) return undefined;
      return `Millrace tells of failures to a Kinesis stream, a delivery stream, an S3 bucket or an HTTP endpoint, not to ${destination}.`;
    },
    async send(destination, { text, textWithPayload, objectKey, partitionKey }, signal) {
      const data = Buffer.from(text);
      if (/^https?:/.test(destination)) return postJson(destination, data, signal);
      const [, , service, , , resource = ''] = destination.split(':');
      const name = resource.slice(resource.indexOf('/') + 1);
      if (service === 's3') {
        const object = {
          bucket: resource,
          key: objectKey,
          body: [Buffer.from(textWithPayload)],
          kmsKeyArn: undefined,
          signal,
        };
        return objects.put(object);
      }
      const context = contextOf(destination);
      if (service === 'kinesis')
        await operations.PutRecord(
          streams,
          { StreamARN: destination, Data: data, PartitionKey: partitionKey },
          context,
        );
      else await firehoseOperations.PutRecord(firehose, { DeliveryStreamName: name, Record: { Data: data } }, context);
    },
  };
}

async function postJson(url: string, body: Buffer, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'POST', url, headers, body, timeoutMs: 30_000, maxAnswerBytes: 4096 } as const;
  const { status } = await sendOverHttp({ ...request, signal });
  if (status < 200 || status > 299) throw new Error(`${url} answered ${status}`);
}
