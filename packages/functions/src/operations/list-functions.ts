import { described, describedDeclared } from '../described.ts';
import { invalidParameter } from '../errors.ts';
import type { Handler } from '../handler.ts';
import { readName } from '../names.ts';

const mostAPage = 50;

/** The functions of an account in a region by name, those of the configuration file among them. */
export const listFunctions: Handler<'ListFunctions'> = (service, input, context) => {
  const { account, region } = context;
  const after = input.Marker === undefined ? '' : nameIn(input.Marker);
  const isOwn = account === service.settings.account && region === service.settings.region;
  const all = [
    ...[...service.state.functions.values()]
      .filter((one) => one.account === account && one.region === region && !(isOwn && service.declared.has(one.name)))
      .map((one) => ({ name: one.name, describe: () => described(one) })),
    ...(isOwn ? [...service.declared.values()] : []).map((one) => ({
      name: one.name,
      describe: () => describedDeclared(one, readName(one.name, context)),
    })),
  ]
    .filter(({ name }) => name > after)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const page = all.slice(0, Math.min(input.MaxItems ?? mostAPage, mostAPage));
  const last = page.at(-1);
  return {
    Functions: page.map(({ describe }) => describe()),
    ...(last !== undefined && page.length < all.length && { NextMarker: Buffer.from(last.name).toString('base64url') }),
  };
};

function nameIn(marker: string): string {
  const name = Buffer.from(marker, 'base64url').toString();
  if (!/^[\w-]+$/.test(name)) throw invalidParameter('Invalid Marker');
  return name;
}
