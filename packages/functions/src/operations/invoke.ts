import type { InvocationRequest, InvocationResponse } from '@millrace/model/lambda';
import { invalidRequestContent, requestTooLarge } from '../errors.ts';
import { runnableOf } from '../function-lookup.ts';
import type { Handler } from '../handler.ts';
import { checkQualifier, readName } from '../names.ts';

/** AWS's limits for a call that waits and for an event that does not. */
const mostBytes = { RequestResponse: 6_291_456, Event: 1_048_576 } as const;

/**
 * Runs a function and answers what it answered, or takes an event that is run later: then it is durable, and 202. A function's
 * own failure is an answer too, marked by FunctionError.
 */
export const invoke: Handler<'Invoke'> = async (service, input, context): Promise<InvocationResponse> => {
  const name = readName(input.FunctionName, context);
  checkQualifier(name, input.Qualifier);
  const runnable = runnableOf(service, name);
  const type = input.InvocationType ?? 'RequestResponse';
  if (type === 'DryRun') return { StatusCode: 204 };
  const payload = payloadOf(input, type);
  const { requestId } = context;
  if (type === 'Event') {
    await service.events.add(name, requestId, payload);
    return { StatusCode: 202 };
  }
  const invoked = await service.invoker.invoke({ requestId, runnable, payload });
  return {
    StatusCode: 200,
    ExecutedVersion: '$LATEST',
    Payload: invoked.payload,
    ...(invoked.functionError !== undefined && { FunctionError: invoked.functionError }),
    ...(input.LogType === 'Tail' && { LogResult: invoked.logTail.toString('base64') }),
  };
};

/** Nothing at all is an empty object to the function. */
function payloadOf({ Payload: payload }: InvocationRequest, type: keyof typeof mostBytes): Buffer {
  if (payload === undefined || payload.length === 0) return Buffer.from('{}');
  const most = mostBytes[type];
  if (payload.length > most)
    throw requestTooLarge(`Request must be smaller than ${most} bytes for the InvokeFunction operation`);
  try {
    JSON.parse(payload.toString());
  } catch (error) {
    throw invalidRequestContent(
      `Could not parse request body into json: Could not parse payload into json: ${(error as Error).message}`,
    );
  }
  return payload;
}
