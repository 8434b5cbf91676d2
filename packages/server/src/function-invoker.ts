import type { FunctionInvoker } from '@millrace/firehose';
import { functionOperations } from '@millrace/functions';
import type { Functions } from '@millrace/functions';

/** Functions as delivery streams have them transform records. */
export interface LateInvoker extends FunctionInvoker {
  /** Delivery begins before the functions are there: who needs one waits for this. */
  open(functions: Functions): void;
}

/** Functions are called as Invoke is, by the delivery stream's account. */
export function lateInvoker(): LateInvoker {
  const opened = Promise.withResolvers<Functions>();
  return {
    open: opened.resolve,
    async invoke({ arn, payload, ...context }) {
      const input = { FunctionName: arn, Payload: payload };
      const answer = await functionOperations.Invoke(await opened.promise, input, context);
      return { payload: answer.Payload ?? Buffer.alloc(0), isError: answer.FunctionError !== undefined };
    },
  };
}
