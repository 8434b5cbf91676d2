/** Topics of Kafka clusters (MSK), as a source of delivery streams: handed in by the server. */
export interface SourceTopics {
  /** Whether anybody said where the cluster is. */
  has(clusterArn: string): boolean;
  /** Nothing is asked of the cluster before the topic is read. Throws where nobody said where it is. */
  open(clusterArn: string, topicName: string): SourceTopic;
}

/** Where reading goes on, by partition: the offset of the next record. */
export type TopicPositions = ReadonlyMap<number, bigint>;

export interface SourceTopic {
  /** Of each partition its first record from a time on; its end where there is none. */
  positionsAt(timeMs: number): Promise<TopicPositions>;
  /** Waits for records of any partition, `waitMs` at most, and answers them with where to go on. */
  read(
    from: TopicPositions,
    options: { readonly maxBytes: number; readonly waitMs: number },
  ): Promise<{
    readonly records: readonly { readonly value: Buffer }[];
    readonly next: TopicPositions;
    /** Where a partition did not have what was to come next, and what it goes on at; left out where there are none. */
    readonly jumps?: readonly { readonly partition: number; readonly from: bigint; readonly to: bigint }[];
  }>;
  close(): Promise<void>;
}
