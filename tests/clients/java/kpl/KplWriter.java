import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.UserRecordFailedException;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * An unmodified KPL that puts what standard input asks for, a line each: KEY EXPLICIT_HASH_KEY|- DATA, or FLUSH. It prints
 * ACK key data shard sequenceNumber attempts, or FAILED key data reason. At the end of the input it flushes and ends.
 *
 * usage: KplWriter HOST PORT STREAM TEMPORARY_FOLDER BUFFERED_MS
 */
public final class KplWriter {
  public static void main(String[] args) throws Exception {
    long port = Long.parseLong(args[1]);
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"));
    var configuration = new KinesisProducerConfiguration().setRegion("us-east-1").setCredentialsProvider(credentials)
        .setKinesisEndpoint(args[0]).setKinesisPort(port).setCloudwatchEndpoint(args[0]).setCloudwatchPort(port)
        .setStsEndpoint(args[0]).setStsPort(port).setVerifyCertificate(false).setTempDirectory(args[3])
        .setAggregationEnabled(true).setRecordMaxBufferedTime(Long.parseLong(args[4]))
        .setMetricsLevel("detailed").setMetricsGranularity("shard").setMetricsUploadDelay(1000).setLogLevel("info");
    var producer = new KinesisProducer(configuration);
    var input = new Scanner(System.in, StandardCharsets.UTF_8);
    while (input.hasNextLine()) {
      String[] words = input.nextLine().split(" ");
      if (words[0].equals("FLUSH")) producer.flush();
      else put(producer, args[2], words);
    }
    producer.flushSync();
    // flushSync waits for the daemon; the callbacks of the last answers may still run.
    while (producer.getOutstandingRecordsCount() > 0) Thread.sleep(20);
    producer.destroy();
  }

  private static void put(KinesisProducer producer, String stream, String[] words) {
    String hashKey = words[1].equals("-") ? null : words[1];
    var data = ByteBuffer.wrap(words[2].getBytes(StandardCharsets.UTF_8));
    var future = producer.addUserRecord(stream, words[0], hashKey, data);
    Futures.addCallback(future, new FutureCallback<UserRecordResult>() {
      @Override public void onSuccess(UserRecordResult result) {
        print("ACK " + words[0] + " " + words[2] + " " + result.getShardId() + " " + result.getSequenceNumber() + " "
            + result.getAttempts().size());
      }

      @Override public void onFailure(Throwable error) {
        var attempts = error instanceof UserRecordFailedException failed ? failed.getResult().getAttempts() : null;
        var last = attempts == null || attempts.isEmpty() ? null : attempts.get(attempts.size() - 1);
        print("FAILED " + words[0] + " " + words[2] + " " + (last == null ? error : last.getErrorCode() + ": " + last.getErrorMessage()));
      }
    }, MoreExecutors.directExecutor());
  }

  private static synchronized void print(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
