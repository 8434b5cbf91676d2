import type { Fingerprint } from '../tailing/fingerprint.ts';

/** How far a file of a flow was sent and stored. */
export interface Checkpoint {
  /** Absolute; a flow has one checkpoint a path. */
  readonly path: string;
  /** As the Java agent writes it: (dev=hex,ino=decimal). */
  readonly fileId: string;
  readonly lastModifiedMs: number;
  readonly size: number;
  readonly offset: number;
  /** Absent in what the Java agent wrote. */
  readonly fingerprint: Fingerprint | undefined;
}

/** Where checkpoints stand. */
export interface CheckpointStore {
  /** undefined of a flow that was never saved: it begins, at END_OF_FILE where that is said. */
  load(flow: string): Promise<Checkpoint[] | undefined>;
  /** Writes and removes, all or nothing; durable when it resolves. */
  save(flow: string, put: readonly Checkpoint[], removedPaths: readonly string[]): Promise<void>;
}
