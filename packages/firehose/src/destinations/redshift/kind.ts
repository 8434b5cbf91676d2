import type { Staged } from '../../delivery/attempt.ts';
import type { Delivery } from '../../delivery/delivery.ts';
import { hintsFrom } from '../buffering.ts';
import type { DestinationKind } from '../kind.ts';
import { copyStatement } from './copy-statement.ts';
import { databaseOf } from './jdbc-url.ts';
import { refusalOf } from './refusal.ts';
import { createdRedshift, manifestsOf, redshiftDescription, s3Url, updatedRedshift } from './settings.ts';
import type { RedshiftDestination } from './settings.ts';

const connectTimeoutMs = 10_000;
/** A COPY may wait in the queues of Redshift's workload management before it begins. */
const copyTimeoutMs = 900_000;

/** Redshift: an object in a bucket, and a COPY that loads it. */
export const redshiftKind: DestinationKind<RedshiftDestination> = {
  type: 'Redshift',
  created: ({ DeliveryStreamName: name, RedshiftDestinationConfiguration: given }) =>
    given && createdRedshift(name, given),
  updated: (present, { DeliveryStreamName: name, RedshiftDestinationUpdate: given }) =>
    given && updatedRedshift(name, present, given),
  described: (destination) => ({ RedshiftDestinationDescription: redshiftDescription(destination) }),
  hints: ({ s3 }) => hintsFrom(s3.BufferingHints),
  processing: ({ redshift }) => redshift.ProcessingConfiguration,
  metrics: () => 'DeliveryToRedshift',
  logging: ({ redshift }) => ({ options: redshift.CloudWatchLoggingOptions, destination: redshift.ClusterJDBCURL }),
  // Pieces, and the body that they become.
  copies: 2,
  deliver: toRedshift,
};

/**
 * What was stored once is not stored again, and loaded until the database says that it is, or the retry time is over: then the
 * manifest goes to the errors, for a COPY by hand. A COPY whose answer was lost is done again, and may have been done: the
 * table then has its rows twice, as at AWS.
 */
async function toRedshift(delivery: Delivery, destination: RedshiftDestination): Promise<void> {
  const { attempt } = delivery;
  attempt.staged ??= await observed(delivery, stage(delivery, destination));
  delivery.letGo();
  const { staged } = attempt;
  if (staged.bytes === 0 || staged.isLoaded) return;
  if (staged.givenUp === undefined) {
    staged.givenUp = await load(delivery, destination, staged);
    if (staged.givenUp === undefined) {
      staged.isLoaded = true;
      delivery.metrics.count('DeliveryToRedshift.Records', staged.count);
      delivery.metrics.count('DeliveryToRedshift.Bytes', staged.bytes);
      return;
    }
  }
  const { s3 } = destination;
  const key = attempt.nameOf('errors', manifestsOf(s3, 'errors/manifests/'));
  await delivery.store(s3, key, [manifestOf(delivery, s3)]);
  const { code, message } = staged.givenUp;
  delivery.logFault({ code, message });
  delivery.service.report(`a COPY is given up (${code}), its manifest is ${s3Url(s3, key)}`, staged.givenUp);
}

async function observed(delivery: Delivery, staging: Promise<Staged>): Promise<Staged> {
  try {
    const staged = await staging;
    delivery.metrics.observe('DeliveryToS3.Success', 1);
    return staged;
  } catch (error) {
    delivery.metrics.observe('DeliveryToS3.Success', 0);
    throw error;
  }
}

/** Stores the window's records, and the manifest that a COPY is to load them by. */
async function stage(delivery: Delivery, { redshift, s3, backup }: RedshiftDestination): Promise<Staged> {
  const { attempt, service } = delivery;
  if (redshift.S3BackupMode === 'Enabled' && !attempt.isBackedUp) {
    await delivery.storeObject('backup', backup!, (add) => delivery.process(undefined, add));
    attempt.isBackedUp = true;
  }
  let [bytes, count] = [0, 0];
  const failed = await delivery.storeObject('object', s3, (add) =>
    delivery.process(redshift.ProcessingConfiguration, (records) => {
      count += records.length;
      for (const { data } of records) bytes += data.length;
      return add(records);
    }),
  );
  await delivery.storeFailed('processing-failed', failed);
  if (bytes > 0) {
    const key = attempt.nameOf(`manifest ${attempt.stored.get('object')}`, manifestsOf(s3, 'manifests/'));
    await delivery.store(s3, key, [manifestOf(delivery, s3)]);
  }
  return { bytes, count, sinceMs: service.world.clock.monotonicMs(), isLoaded: false, givenUp: undefined };
}

/** "Using a manifest to specify data files" of Redshift's guide. */
function manifestOf({ attempt }: Delivery, s3: RedshiftDestination['s3']): Buffer {
  const entries = [{ url: s3Url(s3, attempt.stored.get('object')!), mandatory: true }];
  return Buffer.from(JSON.stringify({ entries }));
}

/** One COPY. Rejects where it is to be tried again; answers why it never will be, where its time is over. */
async function load(
  { attempt, service, signal }: Delivery,
  { redshift, s3, username, password }: RedshiftDestination,
  { sinceMs }: Staged,
): Promise<Staged['givenUp']> {
  const manifest = s3Url(s3, attempt.nameOf(`manifest ${attempt.stored.get('object')}`, manifestsOf(s3, 'manifests/')));
  try {
    await service.statements.run({
      ...databaseOf(redshift.ClusterJDBCURL),
      user: username,
      password,
      text: copyStatement(redshift.CopyCommand, redshift.RoleARN, manifest),
      connectTimeoutMs,
      timeoutMs: copyTimeoutMs,
      signal,
    });
    return undefined;
  } catch (error) {
    // A delivery that is stopped is no failure of the database: it goes on after the next start.
    if (signal.aborted) throw new Error('delivery stops', { cause: error });
    const reason = refusalOf(error);
    const triedMs = service.world.clock.monotonicMs() - sinceMs;
    if (triedMs < redshift.RetryOptions!.DurationInSeconds! * 1000) throw reason;
    return reason;
  }
}
