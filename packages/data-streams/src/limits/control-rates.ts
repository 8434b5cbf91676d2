/**
 * Calls a second of the control plane, by account and region unless AWS counts them by stream. From the documentation
 * strings of the model; operations that are not listed have no documented rate.
 */
export const controlRates: Readonly<Record<string, { readonly perSecond: number; readonly byStream?: true }>> = {
  AddTagsToStream: { perSecond: 5 },
  CreateStream: { perSecond: 5 },
  DecreaseStreamRetentionPeriod: { perSecond: 5 },
  DeleteStream: { perSecond: 5 },
  DeregisterStreamConsumer: { perSecond: 5, byStream: true },
  DescribeAccountSettings: { perSecond: 5 },
  DescribeLimits: { perSecond: 1 },
  DescribeStream: { perSecond: 10 },
  DescribeStreamConsumer: { perSecond: 20, byStream: true },
  DescribeStreamSummary: { perSecond: 20 },
  DisableEnhancedMonitoring: { perSecond: 5 },
  EnableEnhancedMonitoring: { perSecond: 5 },
  IncreaseStreamRetentionPeriod: { perSecond: 5 },
  ListShards: { perSecond: 1000, byStream: true },
  ListStreamConsumers: { perSecond: 5, byStream: true },
  ListStreams: { perSecond: 5 },
  ListTagsForStream: { perSecond: 5 },
  MergeShards: { perSecond: 5 },
  RegisterStreamConsumer: { perSecond: 5, byStream: true },
  RemoveTagsFromStream: { perSecond: 5 },
  SplitShard: { perSecond: 5 },
  UpdateAccountSettings: { perSecond: 5 },
  UpdateStreamWarmThroughput: { perSecond: 5 },
};
