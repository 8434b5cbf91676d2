import type { PayloadCodec, PayloadContext } from './codec.ts';

type EncryptionContext = Record<string, string>;

/**
 * What is used of `buildClient()` of @aws-crypto/client-node: the AWS Encryption SDK. A `Source` is a keyring of it, or a
 * materials manager (NodeCachingMaterialsManager keeps data keys for many records).
 */
export interface EncryptionClient<Source> {
  encrypt(
    source: Source,
    plaintext: Uint8Array,
    options: { encryptionContext: EncryptionContext; plaintextLength?: number },
  ): Promise<{ result: Uint8Array }>;
  decrypt(
    source: Source,
    ciphertext: Uint8Array,
  ): Promise<{
    plaintext: Uint8Array;
    messageHeader: { encryptionContext: Readonly<EncryptionContext> };
  }>;
}

export interface AwsEncryptionOptions<Source> {
  readonly client: EncryptionClient<Source>;
  /** The keyring, or the materials manager, that has the keys. */
  readonly keyring: Source;
  /**
   * What a ciphertext is bound to: `partitionKey` is the stream and the record's key, `stream` the stream alone. A caching
   * materials manager keeps a data key for each context: with many keys it only saves calls where `stream` is bound.
   */
  readonly bind?: 'partitionKey' | 'stream';
}

/** Names in the encryption context, which stands in clear in each message. Those with `aws-crypto-` are AWS's own. */
const streamName = 'kinesis:stream';
const keyName = 'kinesis:partition-key';

/**
 * Envelope encryption in the message format of the AWS Encryption SDK, by the SDK itself: any of its languages decrypts it with
 * the same keys. Every payload is encrypted; reading refuses what is not, what was changed, and what is bound to another stream
 * or key.
 */
export function awsEncryption<Source>({
  client,
  keyring,
  bind = 'partitionKey',
}: AwsEncryptionOptions<Source>): PayloadCodec {
  const contextOf = ({ stream, partitionKey }: PayloadContext): EncryptionContext =>
    bind === 'stream' ? { [streamName]: stream } : { [streamName]: stream, [keyName]: partitionKey };
  return {
    async encode(data, context) {
      const { result } = await client.encrypt(keyring, data, {
        encryptionContext: contextOf(context),
        plaintextLength: data.length,
      });
      return result;
    },
    async decode(data, context) {
      const { plaintext, messageHeader } = await client.decrypt(keyring, data);
      for (const [name, value] of Object.entries(contextOf(context)))
        if (messageHeader.encryptionContext[name] !== value)
          throw new Error(`a payload whose encryption context has another ${name}`);
      return plaintext;
    },
  };
}
