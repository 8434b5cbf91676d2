/** The partition of a region, as it stands in ARNs. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

export function deliveryStreamArn(region: string, account: string, name: string): string {
  return `arn:${partitionOf(region)}:firehose:${region}:${account}:deliverystream/${name}`;
}
