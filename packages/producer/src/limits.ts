/** What a record takes in memory beside its bytes, about. */
export const besideBytes = 500;
export const longestKey = 256;
/** What a stream can be told to take (UpdateMaxRecordSize). */
export const mostBytes = 10 << 20;
export const firstBackoffMs = 50;
export const longestBackoffMs = 2000;
/** Codes of a request that is refused because of one of its records. */
export const refusedForOne = new Set(['ValidationException', 'InvalidArgumentException', 'SerializationException']);
/** Codes that another try does not mend. */
export const final = new Set([
  'ValidationException',
  'InvalidArgumentException',
  'AccessDeniedException',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'KMSDisabledException',
  'KMSAccessDeniedException',
  'KMSNotFoundException',
]);
/** Codes of a shard that has taken enough for now. */
export const throttled = new Set(['ProvisionedThroughputExceededException', 'KMSThrottlingException']);
