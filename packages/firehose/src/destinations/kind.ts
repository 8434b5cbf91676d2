import type {
  CreateDeliveryStreamInput,
  DestinationDescription,
  ProcessingConfiguration,
  S3DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import type { Delivery } from '../delivery/delivery.ts';
import type { Logging } from '../delivery/error-log.ts';
import type { Hints } from '../delivery/window.ts';
import type { DestinationMetrics } from '../metrics/delivery-stream-metrics.ts';
import type { Settings } from '../service.ts';

/** What every destination has, whatever it is: its kind, and the bucket that it delivers to, or puts what failed into. */
export interface AnyDestination {
  readonly type: string;
  readonly s3: S3DestinationDescription;
}

/**
 * A kind of destination: how it is configured, and how records get there. One folder each; kinds.ts names them all.
 * Destinations are part of the registry's state, and JSON-able.
 */
export interface DestinationKind<D extends AnyDestination> {
  readonly type: D['type'];
  /** A destination of this kind stays one, and none becomes one. */
  readonly isFixed?: true;
  /**
   * The destination that a new delivery stream is to have, with what was left out filled in; undefined where the request
   * configures another kind. Throws InvalidArgumentException for what could not be delivered later.
   */
  created(input: CreateDeliveryStreamInput, settings: Settings): D | undefined;
  /**
   * The destination after an update: what the update leaves out stays as it is. Undefined where the request updates another
   * kind. `present` is undefined where the delivery stream had another kind until now: then nothing is merged ("all parameters
   * must be specified"). Throws InvalidArgumentException.
   */
  updated(present: D | undefined, input: UpdateDestinationInput, settings: Settings): D | undefined;
  /** As the API tells it: without secrets. */
  described(destination: D): Omit<DestinationDescription, 'DestinationId'>;
  /** When a buffer is due. */
  hints(destination: D): Hints;
  /** How far a buffer may grow while delivery is behind; left out where its size is the most that a destination takes. */
  readonly mostBytes?: number;
  /** What its metrics begin with. */
  metrics(destination: D): DestinationMetrics;
  /** Where its errors are told, and what it is called there. */
  logging(destination: D): Logging;
  /** What is done with records before they are delivered: what that holds in memory counts, and its query is looked at. */
  processing?(destination: D): ProcessingConfiguration | undefined;
  /** How often a window's data are in memory at once, while they are delivered. */
  readonly copies: number;
  /**
   * Tries once to deliver a window's records: resolves when all of them are at the destination, in the backup or at the error
   * prefix, and rejects where they are to be tried again.
   */
  deliver(delivery: Delivery, destination: D): Promise<void>;
}
