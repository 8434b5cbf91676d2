import { operations } from '@millrace/data-streams';
import type { DataStreams } from '@millrace/data-streams';
import { openFileErrorLogs } from '@millrace/firehose';
import type { ErrorLogEvent, FileErrorLogs } from '@millrace/firehose';
import type { World } from '@millrace/world';
import { gzipSync } from 'node:zlib';
import { ownCall } from './own-call.ts';

/** So many puts are under way at once at most; what comes meanwhile is in the files only. */
const mostPuts = 100;

export interface ErrorLogSettings {
  readonly world: World;
  readonly directory: string;
  readonly streams: DataStreams;
  /** The stream that events go to as well, and whose it is; undefined for files only. */
  readonly to: { readonly stream: string; readonly account: string; readonly region: string } | undefined;
  readonly report: (message: string, error: unknown) => void;
}

/** Firehose's error logs: files, and a stream for who wants to process them. */
export function openErrorLogs({ world, directory, streams, to, report }: ErrorLogSettings): FileErrorLogs {
  const files = openFileErrorLogs({ world, directory, report });
  if (to === undefined) return files;
  let puts = 0;
  const put = async (event: ErrorLogEvent): Promise<void> => {
    const context = ownCall(world, to);
    const Data = subscriptionEvent(event, world.random.uuid());
    const PartitionKey = event.logStream.slice(0, 256) || '-';
    await operations.PutRecord(streams, { StreamName: to.stream, Data, PartitionKey }, context);
  };
  return {
    write(event) {
      files.write(event);
      if (puts >= mostPuts) return;
      puts += 1;
      put(event)
        .catch((error: unknown) => report(`an event of ${event.logGroup} was not put into ${to.stream}`, error))
        .finally(() => (puts -= 1));
    },
    stop: () => files.stop(),
  };
}

/** As a CloudWatch Logs subscription sends events: JSON in GZIP. */
function subscriptionEvent({ account, logGroup, logStream, timeMs, message }: ErrorLogEvent, id: string): Buffer {
  const event = {
    messageType: 'DATA_MESSAGE',
    owner: account,
    logGroup,
    logStream,
    subscriptionFilters: ['millrace'],
    logEvents: [{ id, timestamp: timeMs, message }],
  };
  return gzipSync(JSON.stringify(event));
}
