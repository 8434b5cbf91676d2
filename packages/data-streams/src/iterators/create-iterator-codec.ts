import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '@millrace/model';
import type { Random } from '@millrace/world';
import { invalidArgument } from '../errors.ts';
import type { IteratorCodec, IteratorPosition } from './iterator-codec.ts';

/*
 * iterator = base64(version u8 | nonce 12 bytes | AES-256-GCM(json) | tag 16 bytes)
 * json     = [account, region, streamId, streamName, logId, shardNumber, index, issuedMs]
 *
 * Sealed rather than signed: what is inside is nobody's business, and nobody can make one up.
 */
const version = 1;
const validMs = 300_000;

/** `key` has 32 bytes and outlives restarts, so that iterators do. */
export function createIteratorCodec(key: Buffer, random: Random): IteratorCodec {
  return {
    seal(position) {
      const { account, region, streamId, streamName, logId, shardNumber, index, issuedMs } = position;
      const nonce = random.bytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = cipher.update(
        JSON.stringify([account, region, streamId, streamName, logId, shardNumber, index, issuedMs]),
      );
      return Buffer.concat([Buffer.of(version), nonce, sealed, cipher.final(), cipher.getAuthTag()]).toString('base64');
    },
    open(iterator, nowMs) {
      const position = unseal(key, iterator);
      if (nowMs - position.issuedMs > validMs) {
        throw new AwsError(
          'ExpiredIteratorException',
          `Iterator expired. The iterator was created at time ${amazonTime(position.issuedMs)} while right now it is ${amazonTime(nowMs)} ` +
            `which is further in the future than the tolerated delay of ${validMs} milliseconds.`,
        );
      }
      return position;
    },
  };
}

function unseal(key: Buffer, iterator: string): IteratorPosition {
  // Quotes around it are accepted: seen in a test that its authors ran against AWS.
  const bytes = Buffer.from(iterator.replace(/^"(.*)"$/, '$1'), 'base64');
  if (bytes.length < 30 || bytes[0] !== version) throw invalidArgument('Invalid ShardIterator.');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13), { authTagLength: 16 });
    decipher.setAuthTag(bytes.subarray(-16));
    const json = decipher.update(bytes.subarray(13, -16), undefined, 'utf8') + decipher.final('utf8');
    const [account, region, streamId, streamName, logId, shardNumber, index, issuedMs] = JSON.parse(json) as [
      string,
      string,
      string,
      string,
      number,
      number,
      number,
      number,
    ];
    return { account, region, streamId, streamName, logId, shardNumber, index, issuedMs };
  } catch (error) {
    throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.', 400, { cause: error });
  }
}

/** `Fri Nov 20 22:30:17 UTC 2026`, as AWS writes it. */
function amazonTime(timeMs: number): string {
  const text = new Date(timeMs).toUTCString();
  const match = /^(\w+), (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(text);
  return match === null ? text : `${match[1]} ${match[3]} ${match[2]} ${match[5]} UTC ${match[4]}`;
}
