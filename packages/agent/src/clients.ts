import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { withScheme } from './configuration/configuration.ts';
import type { AgentConfiguration } from './configuration/configuration.ts';

type Common = Pick<
  KinesisClientConfig,
  'region' | 'endpoint' | 'credentials' | 'customUserAgent' | 'maxAttempts' | 'requestHandler'
>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The clients of AWS's services that a configuration names; made where they are used. */
export class Clients {
  readonly #options: AgentConfiguration['options'];
  readonly #environment: Environment;
  readonly #made: { destroy(): void }[] = [];

  constructor(options: AgentConfiguration['options'], environment: Environment) {
    this.#options = options;
    this.#environment = environment;
  }

  kinesis(): KinesisClient {
    return this.#keep(new KinesisClient(this.#config('kinesis')));
  }

  firehose(): FirehoseClient {
    return this.#keep(new FirehoseClient(this.#config('firehose')));
  }

  cloudWatch(): CloudWatchClient {
    return this.#keep(new CloudWatchClient(this.#config('cloudwatch')));
  }

  destroy(): void {
    for (const client of this.#made) client.destroy();
  }

  #keep<Client extends { destroy(): void }>(client: Client): Client {
    this.#made.push(client);
    return client;
  }

  /** What is common to the clients of AWS's SDK, whose own retries are off where ours do it. */
  #config(service: 'kinesis' | 'firehose' | 'cloudwatch' | 'sts'): Common {
    const options = this.#options;
    const endpoint = withScheme(options[`${service}.endpoint`]);
    const region =
      (service === 'kinesis' ? nonEmpty(options['kinesis.region']) : undefined) ??
      regionOf(endpoint) ??
      this.#environment['AWS_REGION'] ??
      this.#environment['AWS_DEFAULT_REGION'] ??
      'us-east-1';
    const agentName = nonEmpty(options.userAgentOverride) ?? nonEmpty(options.userAgent);
    const credentials = service === 'sts' ? this.#ownCredentials() : this.#credentials();
    return {
      region,
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials !== undefined && { credentials }),
      ...(agentName !== undefined && { customUserAgent: agentName }),
      maxAttempts: service === 'kinesis' || service === 'firehose' ? 1 : 3,
      requestHandler: {
        connectionTimeout: options.connectionTimeoutMillis,
        requestTimeout: options.socketTimeoutMillis,
        // Where the SDK speaks HTTP/1.1 it else only warns, and an answer that stops in its middle is waited for without end.
        throwOnRequestTimeout: true,
        socketTimeout: options.socketTimeoutMillis,
        httpsAgent: { maxSockets: options.maxConnections },
        httpAgent: { maxSockets: options.maxConnections },
      },
    };
  }

  #ownCredentials(): KinesisClientConfig['credentials'] {
    const { awsAccessKeyId: accessKeyId = '', awsSecretAccessKey: secretAccessKey = '' } = this.#options;
    return accessKeyId === '' ? undefined : { accessKeyId, secretAccessKey };
  }

  /** With assumeRoleARN that role's, for an hour each time; the SDK asks again before they expire. */
  #credentials(): KinesisClientConfig['credentials'] {
    const role = nonEmpty(this.#options.assumeRoleARN);
    if (role === undefined) return this.#ownCredentials();
    const externalId = nonEmpty(this.#options.assumeRoleExternalId);
    return async () => {
      const client = new STSClient(this.#config('sts'));
      try {
        const { Credentials: given } = await client.send(
          new AssumeRoleCommand({
            RoleArn: role,
            RoleSessionName: 'AWSKinesisAgent',
            DurationSeconds: 3600,
            ...(externalId !== undefined && { ExternalId: externalId }),
          }),
        );
        if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined)
          throw new Error(`${role} cannot be assumed: STS gave no credentials`);
        return {
          accessKeyId: given.AccessKeyId,
          secretAccessKey: given.SecretAccessKey,
          ...(given.SessionToken !== undefined && { sessionToken: given.SessionToken }),
          ...(given.Expiration !== undefined && { expiration: given.Expiration }),
        };
      } finally {
        client.destroy();
      }
    };
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** As Java's SDK reads it off an endpoint of AWS. */
function regionOf(endpoint: string | undefined): string | undefined {
  return /^https?:\/\/[\w-]+\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com/.exec(endpoint ?? '')?.[1];
}
