/** Where objects go: S3, or what stands in its place. */
export interface ObjectStore {
  /**
   * Stores an object whole or not at all; durable when it resolves. Rejects where it could not be stored or nobody knows;
   * putting the same key again replaces it.
   */
  put(object: StoredObject): Promise<void>;
}

/** Objects that are read too: by who writes into what others began. */
export interface ReadableObjects extends ObjectStore {
  /** Rejects where there is no such object, or it could not be read whole. */
  read(object: Pick<StoredObject, 'bucket' | 'key' | 'signal'>): Promise<Buffer>;
}

export interface StoredObject {
  readonly bucket: string;
  readonly key: string;
  /** The body's pieces, one after the other. */
  readonly body: readonly Buffer[];
  /** How the body is compressed, as HTTP says it; undefined where it is not. */
  readonly contentEncoding?: string | undefined;
  /** The key of server-side encryption that the destination's configuration names. */
  readonly kmsKeyArn: string | undefined;
  /** Fires when nobody waits for the put any more: it is to reject soon. */
  readonly signal: AbortSignal;
}
