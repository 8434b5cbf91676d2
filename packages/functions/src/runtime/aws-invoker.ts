import type { LambdaClient } from '@aws-sdk/client-lambda';
import { AwsError } from '@millrace/model';
import { serviceFault, tooManyRequests } from '../errors.ts';
import type { Call, Invoked } from '../invoker.ts';

/** Functions of AWS's Lambda, or of an endpoint that speaks it, called with the server's own credentials. */
export class AwsInvoker {
  readonly #clients = new Map<string, Promise<LambdaClient>>();

  async invoke(
    { runnable, payload }: Call,
    { endpoint, functionName }: AwsTarget,
    abortSignal: AbortSignal,
  ): Promise<Invoked> {
    const { InvokeCommand } = await import('@aws-sdk/client-lambda');
    const client = await this.#client(endpoint, runnable.region);
    try {
      const answer = await client.send(
        new InvokeCommand({ FunctionName: functionName, Payload: payload, LogType: 'Tail' }),
        { abortSignal },
      );
      const { FunctionError: error } = answer;
      return {
        payload: Buffer.from(answer.Payload ?? []),
        functionError: error === undefined ? undefined : error === 'Handled' ? 'Handled' : 'Unhandled',
        logTail: Buffer.from(answer.LogResult ?? '', 'base64'),
      };
    } catch (error) {
      throw asOurs(error as Error & { $metadata?: { httpStatusCode?: number } });
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) (await client).destroy();
  }

  #client(endpoint: string | undefined, region: string): Promise<LambdaClient> {
    const key = `${endpoint} ${region}`;
    let client = this.#clients.get(key);
    if (client === undefined) this.#clients.set(key, (client = openClient(endpoint, region)));
    return client;
  }
}

export interface AwsTarget {
  readonly endpoint: string | undefined;
  readonly functionName: string;
}

/** Loaded with the first call: most servers have no such function. */
async function openClient(endpoint: string | undefined, region: string): Promise<LambdaClient> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  return new LambdaClient({ region, ...(endpoint !== undefined && { endpoint }) });
}

function asOurs(error: Error & { $metadata?: { httpStatusCode?: number } }): AwsError {
  if (error.name === 'TooManyRequestsException') return tooManyRequests();
  const status = error.$metadata?.httpStatusCode;
  if (status === undefined || status >= 500) return serviceFault(error.message, error);
  return new AwsError(error.name, error.message, status, { cause: error, members: { Type: 'User' } });
}
