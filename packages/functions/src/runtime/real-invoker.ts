import type { Call, Invoker } from '../invoker.ts';
import { AwsInvoker } from './aws-invoker.ts';
import { invokeHttp } from './http-invoker.ts';
import { RemoteCalls } from './remote-calls.ts';
import { WorkerPool } from './worker-pool.ts';
import type { PoolOptions } from './worker-pool.ts';

/** Runs functions for real: in processes of this machine, at a URL, or at AWS. */
export function openInvoker(options: PoolOptions): Invoker {
  const pool = new WorkerPool(options);
  const aws = new AwsInvoker();
  const counters = { invocations: 0, functionErrors: 0, faults: 0 };
  const stopping = new AbortController();
  const remote = new RemoteCalls(options.world);
  const run = (call: Call): ReturnType<Invoker['invoke']> => {
    const { target } = call.runnable;
    if (target.kind === 'module') return pool.invoke({ ...call, runnable: { ...call.runnable, target } });
    return remote.run(call, stopping.signal, (signal) =>
      target.kind === 'http' ? invokeHttp(target.url, call, signal) : aws.invoke(call, target, signal),
    );
  };
  return {
    async invoke(call) {
      counters.invocations += 1;
      try {
        const invoked = await run(call);
        if (invoked.functionError !== undefined) counters.functionErrors += 1;
        return invoked;
      } catch (error) {
        counters.faults += 1;
        throw error;
      }
    },
    retire: (key) => pool.retire(key),
    metrics: () => ({ ...counters, ...pool.metrics() }),
    async stop() {
      stopping.abort();
      await Promise.all([pool.stop(), aws.stop()]);
    },
  };
}
