import { partitionOf } from '@millrace/model';

export function deliveryStreamArn(region: string, account: string, name: string): string {
  return `arn:${partitionOf(region)}:firehose:${region}:${account}:deliverystream/${name}`;
}
