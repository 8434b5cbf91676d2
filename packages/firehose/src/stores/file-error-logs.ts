import type { World } from '@millrace/world';
import type { ErrorLogEvent, ErrorLogs } from '../error-logs.ts';
import { fileNames } from './file-names.ts';

/** A file that has more begins anew; what it was stays beside it as FILE.1, and goes with the next. */
const fileBytes = 10 << 20;
/** So many events wait for the disk at most; the newest are left out when there are more. */
const mostWaiting = 1000;

export interface FileErrorLogsOptions {
  readonly world: Pick<World, 'disk'>;
  readonly directory: string;
  readonly report: (message: string, error: unknown) => void;
  /** Of a file; 10 MiB where it is not said. */
  readonly fileBytes?: number;
}

export interface FileErrorLogs extends ErrorLogs {
  /** Resolves when everything that was taken is written. */
  stop(): Promise<void>;
}

/**
 * Log groups as folders, log streams as files: what stands in the place of CloudWatch Logs.
 *
 *   DIRECTORY/ACCOUNT/REGION/GROUP/STREAM.log     a line an event: {"timestamp": milliseconds, "message": text}
 *
 * Written without syncs: these are words for people, and nothing depends on them.
 */
export function openFileErrorLogs(options: FileErrorLogsOptions): FileErrorLogs {
  const waiting: ErrorLogEvent[] = [];
  let leftOut = 0;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
      try {
        await append(options, event);
      } catch (error) {
        options.report(`an event of ${event.logGroup} could not be written`, error);
      }
    }
    if (leftOut > 0) options.report(`${leftOut} events of error logs were left out: the disk is too slow`, undefined);
    leftOut = 0;
    running = undefined;
  };
  return {
    write(event) {
      if (waiting.length >= mostWaiting) {
        leftOut += 1;
        return;
      }
      waiting.push(event);
      running ??= run();
    },
    stop: () => running ?? Promise.resolve(),
  };
}

async function append(
  { world: { disk }, directory, fileBytes: most = fileBytes }: FileErrorLogsOptions,
  { account, region, logGroup, logStream, timeMs, message }: ErrorLogEvent,
): Promise<void> {
  const group = logGroup.split('/').filter((part) => part !== '');
  const stream = logStream.replaceAll('/', '%2F').replaceAll('\0', '%00');
  const parts = [directory, account, region, ...[...group, `${stream}.log`].flatMap(fileNames)];
  const folder = parts.slice(0, -1).join('/');
  const path = parts.join('/');
  await disk.makeDirectory(folder);
  const before = await disk.stat(path);
  if (before !== undefined && before.size >= BigInt(most)) await disk.rename(path, `${path}.1`);
  const file = await disk.open(path, 'write');
  try {
    await file.write([Buffer.from(`${JSON.stringify({ timestamp: timeMs, message })}\n`)], await file.size());
  } finally {
    await file.close();
  }
}
