import type { Clock } from '@millrace/world';
import type { ConsumerBehaviour } from './options.ts';
import type { LeaseStore } from './leases/lease.ts';

/** How long an answer is waited for: a connection that hangs would hold its shard, or the whole worker, for ever. */
export interface Patience {
  readonly clock: Clock;
  readonly ms: number;
}

/** What the call answers; rejects, and aborts it, when it has not in time. */
export async function inTime<Answer>(
  { clock, ms }: Patience,
  call: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimer(ms, () => {
    late.reject(new Error(`no answer within ${ms} ms`));
    abort.abort();
  });
  try {
    return await Promise.race([call(abort.signal), late.promise]);
  } finally {
    timer.cancel();
  }
}

/** Each of its requests in time. */
export function patientClient(
  client: NonNullable<ConsumerBehaviour['client']>,
  patience: Patience,
): NonNullable<ConsumerBehaviour['client']> {
  const send = (command: never, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<unknown> =>
    inTime(patience, (late) =>
      client.send<never, never>(command, {
        abortSignal: abortSignal === undefined ? late : AbortSignal.any([late, abortSignal]),
      }),
    );
  return { send: send as typeof client.send };
}

/** A minute for what makes tables. A write that comes later all the same finds its counter gone, or is found by HeldLease. */
export function patientStore(store: LeaseStore, patience: Patience): LeaseStore {
  const { clock, ms } = patience;
  return {
    prepare: () => inTime({ clock, ms: Math.max(ms, 60_000) }, () => store.prepare()),
    list: () => inTime(patience, () => store.list()),
    get: (leaseKey) => inTime(patience, () => store.get(leaseKey)),
    create: (lease) => inTime(patience, () => store.create(lease)),
    update: (lease, change) => inTime(patience, () => store.update(lease, change)),
    requestHandOver: (lease, newOwner) => inTime(patience, () => store.requestHandOver(lease, newOwner)),
    remove: (lease) => inTime(patience, () => store.remove(lease)),
    ...(store.report !== undefined && { report: (worker) => inTime(patience, () => store.report!(worker)) }),
  };
}
