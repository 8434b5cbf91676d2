import { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis';
import type { Flags } from './command.ts';

export const connectionFlags: Flags = {
  endpoint: {
    type: 'string',
    placeholder: 'URL',
    help: 'the server; AWS_ENDPOINT_URL_KINESIS or AWS_ENDPOINT_URL, else http://127.0.0.1:4567',
  },
  aws: { type: 'boolean', help: 'AWS itself, with the credentials and region of its tools' },
  region: { type: 'string', placeholder: 'NAME', help: 'AWS_REGION, else us-east-1' },
  json: { type: 'boolean', help: 'JSON, a line each, for scripts' },
  help: { type: 'boolean', help: 'this text' },
};

/** A client of the server that flags and environment name. Without credentials of the caller's own, any will do for a local server. */
export function connect(
  values: Readonly<Record<string, string | boolean | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): KinesisClient {
  const region = (values['region'] as string | undefined) ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  if (values['aws'] === true) return new KinesisClient(region === undefined ? {} : { region });
  const endpoint =
    (values['endpoint'] as string | undefined) ??
    env['AWS_ENDPOINT_URL_KINESIS'] ??
    env['AWS_ENDPOINT_URL'] ??
    'http://127.0.0.1:4567';
  const config: KinesisClientConfig = { endpoint, region: region ?? 'us-east-1' };
  const hasOwn = env['AWS_ACCESS_KEY_ID'] !== undefined || env['AWS_PROFILE'] !== undefined;
  return new KinesisClient(
    hasOwn ? config : { ...config, credentials: { accessKeyId: 'millrace', secretAccessKey: 'millrace' } },
  );
}
