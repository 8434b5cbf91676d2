import { invalidArgument } from '../errors.ts';

/**
 * Throws InvalidArgumentException for what is no URL, and for one with a name or a password: no request can be made of that,
 * and why it cannot would be told with the password in it, wherever delivery's errors are told.
 */
export function checkUrl(member: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw invalidArgument(`${member} is no URL.`);
  if (url.username !== '' || url.password !== '') throw invalidArgument(`${member} must not have credentials in it.`);
}
