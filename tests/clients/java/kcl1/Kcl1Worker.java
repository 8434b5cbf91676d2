import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.cloudwatch.AmazonCloudWatchClientBuilder;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.v2.IRecordProcessor;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.InitialPositionInStream;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.KinesisClientLibConfiguration;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.ShutdownReason;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.Worker;
import com.amazonaws.services.kinesis.clientlibrary.types.InitializationInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ProcessRecordsInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ShutdownInput;
import com.amazonaws.services.kinesis.clientlibrary.types.UserRecord;
import com.amazonaws.services.kinesis.model.Record;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * One worker of an unmodified KCL 1. Prints the same lines as KclWorker.
 *
 * usage: Kcl1Worker KINESIS_ENDPOINT DYNAMODB_AND_CLOUDWATCH_ENDPOINT STREAM APPLICATION polling
 */
public final class Kcl1Worker {
  public static void main(String[] args) {
    var credentials = new AWSStaticCredentialsProvider(new BasicAWSCredentials("test", "test"));
    var configuration = new KinesisClientLibConfiguration(args[3], args[2], credentials, "worker-" + UUID.randomUUID())
        .withKinesisEndpoint(args[0]).withDynamoDBEndpoint(args[1]).withRegionName("us-east-1")
        .withInitialPositionInStream(InitialPositionInStream.TRIM_HORIZON)
        .withFailoverTimeMillis(3000).withShardSyncIntervalMillis(1000).withIdleTimeBetweenReadsInMillis(250)
        .withParentShardPollIntervalMillis(500).withMetricsBufferTimeMillis(1000);
    // The configuration has no endpoint for CloudWatch: the client is made here.
    var cloudWatch = AmazonCloudWatchClientBuilder.standard().withCredentials(credentials)
        .withEndpointConfiguration(new EndpointConfiguration(args[1], "us-east-1")).build();
    var worker = new Worker.Builder().recordProcessorFactory(Printer::new).config(configuration)
        .cloudWatchClient(cloudWatch).build();
    Runtime.getRuntime().addShutdownHook(new Thread(worker::shutdown));
    worker.run();
  }

  private static final class Printer implements IRecordProcessor {
    private String shard;

    private static synchronized void print(String line) {
      System.out.println(line);
      System.out.flush();
    }

    @Override public void initialize(InitializationInput input) {
      shard = input.getShardId();
      print("START " + shard);
    }

    @Override public void processRecords(ProcessRecordsInput input) {
      for (Record record : input.getRecords()) {
        print("RECORD " + shard + " " + record.getSequenceNumber() + " " + record.getPartitionKey() + " "
            + StandardCharsets.UTF_8.decode(record.getData()) + " " + ((UserRecord) record).getSubSequenceNumber());
      }
      try {
        if (!input.getRecords().isEmpty()) input.getCheckpointer().checkpoint();
      } catch (Exception error) {
        print("CHECKPOINT_FAILED " + shard + " " + error.getClass().getSimpleName());
      }
    }

    @Override public void shutdown(ShutdownInput input) {
      try {
        if (input.getShutdownReason() == ShutdownReason.TERMINATE) {
          input.getCheckpointer().checkpoint();
          print("END " + shard);
        }
      } catch (Exception error) {
        print("CHECKPOINT_FAILED " + shard + " " + error.getClass().getSimpleName());
      }
    }
  }
}
