/**
 * The name that the operator gave to a catalog: its ARN, or the ARN's last part, which is "catalog" of an account's own
 * (arn:aws:glue:us-east-1:123456789012:catalog, …:catalog/s3tablescatalog/lake). Undefined for a catalog that nobody named.
 */
export function catalogNameOf(arn: string, names: ReadonlySet<string> | undefined): string | undefined {
  return [arn, arn.slice(Math.max(arn.lastIndexOf(':'), arn.lastIndexOf('/')) + 1)].find((name) => names?.has(name));
}
