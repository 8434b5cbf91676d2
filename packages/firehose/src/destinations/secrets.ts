import type { SecretsManagerConfiguration } from '@millrace/model/firehose';
import { invalidArgument } from '../errors.ts';

/** Throws InvalidArgumentException where a key or a password is to come from Secrets Manager. */
export function refuseSecrets({
  SecretsManagerConfiguration: secrets,
}: {
  readonly SecretsManagerConfiguration?: SecretsManagerConfiguration;
}): void {
  if (secrets?.Enabled === true) throw invalidArgument('Millrace does not have Secrets Manager.');
}
