import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.StreamConfig;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.processor.FormerStreamsLeasesDeletionStrategy;
import software.amazon.kinesis.processor.MultiStreamTracker;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.processor.StreamTracker;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * One worker of an unmodified KCL 2 or 3. Prints a line for each thing that happens, for the test to read:
 * START shard, RECORD shard sequenceNumber partitionKey data subSequenceNumber, END shard, LOST shard.
 *
 * usage: KclWorker KINESIS_ENDPOINT DYNAMODB_AND_CLOUDWATCH_ENDPOINT STREAM APPLICATION polling|fanout [2x]
 *
 * STREAM may be several, as KCL's multi-stream mode names them: ACCOUNT:NAME:CREATION_SECOND, with commas between. Shards are then
 * printed with their stream's name and a slash before.
 */
public final class KclWorker {
  public static void main(String[] args) {
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    var region = Region.US_EAST_1;
    var kinesis = KinesisAsyncClient.builder().endpointOverride(URI.create(args[0])).region(region)
        .credentialsProvider(credentials)
        .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP2).maxConcurrency(100)).build();
    var dynamo = DynamoDbAsyncClient.builder().endpointOverride(URI.create(args[1])).region(region)
        .credentialsProvider(credentials).build();
    var cloudWatch = CloudWatchAsyncClient.builder().endpointOverride(URI.create(args[1])).region(region)
        .credentialsProvider(credentials).build();
    // The tracker with a position: a worker that starts late must still read from the beginning.
    var beginning = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var isMulti = args[2].contains(":");
    StreamTracker tracker = isMulti ? new Several(args[2].split(","), beginning)
        : new SingleStreamTracker(StreamIdentifier.singleStreamInstance(args[2]), beginning);
    var configs = new ConfigsBuilder(tracker, args[3], kinesis, dynamo, cloudWatch,
        "worker-" + UUID.randomUUID(), new Printers());
    var leases = configs.leaseManagementConfig();
    leases.failoverTimeMillis(3000).shardSyncIntervalMillis(1000);
    leases.leasesRecoveryAuditorExecutionFrequencyMillis(2000);
    var retrieval = configs.retrievalConfig();
    if (args[4].equals("polling")) {
      var polling = isMulti ? new PollingConfig(kinesis) : new PollingConfig(args[2], kinesis);
      polling.idleTimeBetweenReadsInMillis(250);
      retrieval.retrievalSpecificConfig(polling);
    }
    var coordinator = configs.coordinatorConfig();
    if (args.length > 5 && args[5].equals("2x")) takeLeasesAsBefore(coordinator);
    coordinator.parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200);
    var scheduler = new Scheduler(configs.checkpointConfig(), coordinator, leases, configs.lifecycleConfig(),
        configs.metricsConfig().metricsBufferTimeMillis(1000), configs.processorConfig(), retrieval);
    Runtime.getRuntime().addShutdownHook(new Thread(scheduler::shutdown));
    scheduler.run();
  }

  /** KCL 3 shares its leases with workers that know KCL 2's way of taking them. By name, because KCL 2 compiles this too. */
  private static void takeLeasesAsBefore(CoordinatorConfig coordinator) {
    try {
      var modes = Class.forName("software.amazon.kinesis.coordinator.CoordinatorConfig$ClientVersionConfig");
      var mode = modes.getField("CLIENT_VERSION_CONFIG_COMPATIBLE_WITH_2X").get(null);
      CoordinatorConfig.class.getMethod("clientVersionConfig", modes).invoke(coordinator, mode);
    } catch (ReflectiveOperationException error) {
      throw new IllegalStateException(error);
    }
  }

  private record Several(String[] identifiers, InitialPositionInStreamExtended beginning)
      implements MultiStreamTracker {
    @Override public List<StreamConfig> streamConfigList() {
      return Arrays.stream(identifiers)
          .map(one -> new StreamConfig(StreamIdentifier.multiStreamInstance(one), beginning)).toList();
    }

    @Override public FormerStreamsLeasesDeletionStrategy formerStreamsLeasesDeletionStrategy() {
      return new FormerStreamsLeasesDeletionStrategy.NoLeaseDeletionStrategy();
    }
  }

  private static final class Printers implements ShardRecordProcessorFactory {
    @Override public ShardRecordProcessor shardRecordProcessor() {
      return new Printer("");
    }

    @Override public ShardRecordProcessor shardRecordProcessor(StreamIdentifier stream) {
      return new Printer(stream.streamCreationEpochOptional().isPresent() ? stream.streamName() + "/" : "");
    }
  }

  private static final class Printer implements ShardRecordProcessor {
    private final String prefix;
    private String shard;

    private Printer(String prefix) {
      this.prefix = prefix;
    }

    private static synchronized void print(String line) {
      System.out.println(line);
      System.out.flush();
    }

    @Override public void initialize(InitializationInput input) {
      shard = prefix + input.shardId();
      print("START " + shard);
    }

    @Override public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) {
        print("RECORD " + shard + " " + record.sequenceNumber() + " " + record.partitionKey() + " "
            + StandardCharsets.UTF_8.decode(record.data()) + " " + record.subSequenceNumber());
      }
      try {
        if (!input.records().isEmpty()) input.checkpointer().checkpoint();
      } catch (Exception error) {
        print("CHECKPOINT_FAILED " + shard + " " + error.getClass().getSimpleName());
      }
    }

    @Override public void leaseLost(LeaseLostInput input) {
      print("LOST " + shard);
    }

    @Override public void shardEnded(ShardEndedInput input) {
      try {
        input.checkpointer().checkpoint();
        print("END " + shard);
      } catch (Exception error) {
        print("CHECKPOINT_FAILED " + shard + " " + error.getClass().getSimpleName());
      }
    }

    @Override public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        print("CHECKPOINT_FAILED " + shard + " " + error.getClass().getSimpleName());
      }
    }
  }
}
