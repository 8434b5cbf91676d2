// AWS's answers show the insides of its Java service: the order in which it visits members and enum values is that of
// Java's hash tables, and a structure is printed as Class@hash. The recorded answers agree with the rules here, so new
// members and operations follow the same rules instead of a hand-kept list.

/** String.hashCode: s[0]*31^(n-1) + … + s[n-1] over UTF-16 units, in 32 bits. */
export function stringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

/** Arrays.hashCode and List.hashCode. */
export function sequenceHash(hashes: Iterable<number>): number {
  let hash = 1;
  for (const element of hashes) hash = (Math.imul(31, hash) + element) | 0;
  return hash;
}

/** ByteBuffer.hashCode: from the last byte to the first, bytes signed. */
export function bytesHash(bytes: Uint8Array): number {
  let hash = 1;
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    hash = (Math.imul(31, hash) + (((bytes[at] ?? 0) << 24) >> 24)) | 0;
  }
  return hash;
}

/**
 * Member names, as they stand in messages, in the order of a java.util.HashMap before Java 8: by bucket of the spread
 * hash. Recorded answers of 13 operations have this order. Of names in one bucket the later in the alphabet comes first:
 * the recorded ones do so but for one operation, which the patches file orders.
 */
export function memberOrder(names: readonly string[]): string[] {
  let buckets = 16;
  while (names.length > buckets * 0.75) buckets *= 2;
  const bucket = (name: string): number => spread(stringHash(name)) & (buckets - 1);
  return names.toSorted((left, right) => bucket(left) - bucket(right) || (left < right ? 1 : -1));
}

/** The HashMap's own second hash, which mixes high bits into the low ones that choose the bucket. */
function spread(hash: number): number {
  const mixed = hash ^ (hash >>> 20) ^ (hash >>> 12);
  return mixed ^ (mixed >>> 7) ^ (mixed >>> 4);
}

/**
 * Enum values as "enum value set: […]" lists them: by the low five bits of the plain hash. Agrees with the recorded
 * [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON], and with DynamoDB's known lists.
 */
export function enumOrder(values: readonly string[]): string[] {
  return values.toSorted((left, right) => (stringHash(left) & 31) - (stringHash(right) & 31));
}
