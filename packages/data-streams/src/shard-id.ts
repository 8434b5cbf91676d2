/** `shardId-000000000007` for 7. */
export function shardId(number: number): string {
  return `shardId-${String(number).padStart(12, '0')}`;
}

/**
 * The number in any form that AWS accepts ("shardId-0", "123", "anything-0007"; seen in recorded answers); undefined where
 * AWS answers that it could not find the shard.
 */
export function parseShardId(text: string): number | undefined {
  const digits = /^(?:.*-)?(\d+)$/s.exec(text)?.[1];
  const number = Number(digits);
  return digits !== undefined && number < 2 ** 31 ? number : undefined;
}
