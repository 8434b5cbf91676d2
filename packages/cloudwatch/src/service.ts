import type * as Model from '@millrace/model/cloudwatch';
import type { Clock } from '@millrace/world';
import type { Measurement, MetricStore } from './metric-store.ts';

export interface CloudWatch {
  readonly clock: Clock;
  readonly store: MetricStore;
  /** Takes measurements, all or none, durably. */
  put(measurements: readonly Measurement[]): Promise<void>;
}

/** Who calls, from where. */
export interface Caller {
  readonly account: string;
  readonly region: string;
}

/** Input and output of each operation, by name, from the model. */
export type Operations = Model.Operations;

export type Handler<Name extends keyof Operations> = (
  service: CloudWatch,
  input: Operations[Name]['input'],
  caller: Caller,
) => Operations[Name]['output'] | Promise<Operations[Name]['output']>;
