import type {
  CreateDeliveryStreamInput,
  DestinationDescription,
  UpdateDestinationInput,
} from '@millrace/model/firehose';
import { invalidArgument } from '../errors.ts';
import type { Settings } from '../service.ts';
import { kindOf, kinds } from './kinds.ts';
import type { Destination } from './kinds.ts';
import { notSwitched } from './opensearch/settings.ts';

/** AWS gives every delivery stream one destination, and it this id. */
export const destinationId = 'destinationId-000000000001';

/** What of a request's members names a destination. */
const configured = /Destination(?:Configuration|Update)$/;

/** The destination that a new delivery stream is to have. Throws InvalidArgumentException. */
export function destinationOf(input: CreateDeliveryStreamInput, settings: Settings): Destination {
  const member = memberOf(input);
  for (const kind of kinds) {
    const destination = kind.created(input, settings);
    if (destination !== undefined) return destination;
  }
  throw invalidArgument(`Millrace does not deliver by ${member} yet.`);
}

/** The destination after an UpdateDestination. Throws InvalidArgumentException. */
export function updatedDestination(
  present: Destination,
  input: UpdateDestinationInput,
  settings: Settings,
): Destination {
  const member = memberOf(input);
  for (const kind of kinds) {
    const isSame = kind.type === present.type;
    const destination = kind.updated(isSame ? present : undefined, input, settings);
    if (destination === undefined) continue;
    if (!isSame && kindOf(present).isFixed) throw notSwitched();
    return destination;
  }
  throw invalidArgument(`Millrace does not deliver by ${member} yet.`);
}

/** No role is assumed: nobody may write into what is another account's. Throws InvalidArgumentException. */
export function checkOwnDomain(destination: Destination, account: string): void {
  const arn = destination.type === 'OpenSearch' ? destination.search.DomainARN : undefined;
  if (arn !== undefined && arn.split(':')[4] !== account) throw invalidArgument(`Domain ${arn} not found.`);
}

/** A destination as the API tells it. */
export function describeDestination(destination: Destination): DestinationDescription {
  return { DestinationId: destinationId, ...kindOf(destination).described(destination) };
}

function memberOf(input: object): string {
  const named = Object.keys(input).filter((member) => configured.test(member));
  if (named.length !== 1) throw invalidArgument('Exactly one destination configuration is supported for a Firehose');
  return named[0]!;
}
