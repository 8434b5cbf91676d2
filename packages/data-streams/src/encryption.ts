import type { Change } from './change.ts';
import { limitExceeded } from './errors.ts';
import { activeStream } from './stream-change.ts';
import type { StreamCommand } from './stream-change.ts';

const changesPerDay = 25;
export const dayMs = 86_400_000;

export interface StartEncryptionCommand extends StreamCommand {
  readonly type: 'StartEncryption';
  /** Undefined stops encryption. */
  readonly keyId: string | undefined;
  readonly keyRef: number;
  readonly limited: boolean;
}

/** The stream is UPDATING and then puts under the new key; what is stored stays as it is and readable. */
export const startEncryptionChange: Change<StartEncryptionCommand> = {
  type: 'StartEncryption',
  apply(state, { stream: key, keyId, keyRef, atMs, dueMs, limited }) {
    const stream = activeStream(state, key);
    const recent = stream.recentEncryptionChangesMs.filter((time) => time > atMs - dayMs);
    if (limited && recent.length >= changesPerDay) {
      throw limitExceeded(
        `Stream ${stream.name} under account ${stream.account} has changed its encryption ${changesPerDay} times in 24 hours.`,
      );
    }
    stream.recentEncryptionChangesMs = [...recent, atMs];
    stream.status = 'UPDATING';
    stream.pending = { type: 'encrypt', dueMs, keyId, keyRef };
  },
};
