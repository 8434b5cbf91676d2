import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.services.kinesis.AmazonKinesisAsync;
import com.amazonaws.services.kinesis.AmazonKinesisAsyncClientBuilder;
import com.amazonaws.services.kinesis.model.*;
import com.amazonaws.services.kinesis.model.Record;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The AWS SDK for Java 1, unmodified; it knows no SubscribeToShard. Throws at the first step that fails.
 *
 * usage: Sdk1Story ENDPOINT STREAM
 */
public final class Sdk1Story {
  private static final String ACCOUNT = "123456789012";
  private final AmazonKinesisAsync kinesis;
  private final String stream;

  public static void main(String[] args) throws Exception {
    // An access key id of 12 digits names the account.
    var credentials = new AWSStaticCredentialsProvider(new BasicAWSCredentials(ACCOUNT, "secret"));
    var kinesis = AmazonKinesisAsyncClientBuilder.standard().withCredentials(credentials)
        .withEndpointConfiguration(new EndpointConfiguration(args[0], "eu-west-1"))
        .withClientConfiguration(new ClientConfiguration().withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY)).build();
    try {
      new Sdk1Story(kinesis, args[1]).tell();
      System.out.println("Java story passed");
    } finally {
      kinesis.shutdown();
    }
  }

  private Sdk1Story(AmazonKinesisAsync kinesis, String stream) {
    this.kinesis = kinesis;
    this.stream = stream;
  }

  private void tell() throws Exception {
    kinesis.createStream(new CreateStreamRequest().withStreamName(stream).withShardCount(2));
    active();
    var description = kinesis.describeStream(stream).getStreamDescription();
    var arn = description.getStreamARN();
    equal("arn:aws:kinesis:eu-west-1:" + ACCOUNT + ":stream/" + stream, arn);
    equal(2, description.getShards().size());
    recent(description.getStreamCreationTimestamp());
    truth("listed", kinesis.listStreams().getStreamNames().contains(stream));
    putAndGet();
    settings();
    consumers(arn);
    reshard();
    errors();
    kinesis.deleteStream(new DeleteStreamRequest().withStreamName(stream));
    until("deleted", () -> {
      try {
        return kinesis.describeStreamSummary(new DescribeStreamSummaryRequest().withStreamName(stream)) == null;
      } catch (ResourceNotFoundException error) {
        return true;
      }
    });
  }

  private void putAndGet() throws Exception {
    var entries = IntStream.range(0, 200).mapToObj(n -> new PutRecordsRequestEntry().withPartitionKey("key-" + n).withData(ByteBuffer.wrap(bytes(n)))).toList();
    var put = kinesis.putRecordsAsync(new PutRecordsRequest().withStreamName(stream).withRecords(entries)).get();
    equal(List.of(0, 200), List.of(put.getFailedRecordCount(), put.getRecords().size()));
    var one = kinesis.putRecord(stream, utf8("one"), "k1");
    var first = kinesis.putRecord(new PutRecordRequest().withStreamName(stream).withPartitionKey("one").withExplicitHashKey("0").withData(utf8("one")));
    kinesis.putRecord(new PutRecordRequest().withStreamName(stream).withPartitionKey("two").withExplicitHashKey("0")
        .withData(utf8("two")).withSequenceNumberForOrdering(first.getSequenceNumber()));
    var got = new ArrayList<Record>();
    for (var shard : kinesis.listShards(new ListShardsRequest().withStreamName(stream)).getShards()) {
      var page = read(i -> i.withShardId(shard.getShardId()).withShardIteratorType("TRIM_HORIZON"));
      equal(0L, page.getMillisBehindLatest());
      got.addAll(page.getRecords());
    }
    equal(203, got.size());
    for (var record : got) {
      recent(record.getApproximateArrivalTimestamp());
      if (!record.getPartitionKey().startsWith("key-")) continue;
      var n = Integer.parseInt(record.getPartitionKey().substring(4));
      equal(ByteBuffer.wrap(bytes(n)), record.getData());
      equal(put.getRecords().get(n).getSequenceNumber(), record.getSequenceNumber());
    }
    truth("where it was put", got.stream().anyMatch(r -> r.getSequenceNumber().equals(one.getSequenceNumber())));
    equal(List.of("one", "two"), texts(i -> i.withShardIteratorType("AT_SEQUENCE_NUMBER").withStartingSequenceNumber(first.getSequenceNumber())));
    equal(List.of("two"), texts(i -> i.withShardIteratorType("AFTER_SEQUENCE_NUMBER").withStartingSequenceNumber(first.getSequenceNumber())));
    equal(List.of(), texts(i -> i.withShardIteratorType("LATEST")));
    if (System.getProperty("com.amazonaws.sdk.disableCbor") != null) {
      // This SDK writes milliseconds where JSON wants seconds; AWS refuses that, too (aws/aws-sdk-java#2588).
      refused(InvalidArgumentException.class, () -> kinesis.getShardIterator(new GetShardIteratorRequest().withStreamName(stream)
          .withShardId("shardId-000000000000").withShardIteratorType("AT_TIMESTAMP").withTimestamp(new Date())));
      return;
    }
    equal(List.of(), texts(i -> i.withShardIteratorType("AT_TIMESTAMP").withTimestamp(new Date())));
    equal(texts(i -> i.withShardIteratorType("TRIM_HORIZON")),
        texts(i -> i.withShardIteratorType("AT_TIMESTAMP").withTimestamp(new Date(System.currentTimeMillis() - 60_000))));
  }

  private void settings() throws Exception {
    kinesis.addTagsToStream(new AddTagsToStreamRequest().withStreamName(stream).withTags(Map.of("stage", "test")));
    equal(List.of("stage"), kinesis.listTagsForStream(new ListTagsForStreamRequest().withStreamName(stream)).getTags().stream().map(Tag::getKey).toList());
    kinesis.increaseStreamRetentionPeriod(new IncreaseStreamRetentionPeriodRequest().withStreamName(stream).withRetentionPeriodHours(48));
    active();
    kinesis.enableEnhancedMonitoring(new EnableEnhancedMonitoringRequest().withStreamName(stream).withShardLevelMetrics("IncomingBytes"));
    active();
    kinesis.startStreamEncryption(new StartStreamEncryptionRequest().withStreamName(stream).withEncryptionType("KMS").withKeyId("alias/aws/kinesis"));
    active();
    var sealed = kinesis.putRecord(new PutRecordRequest().withStreamName(stream).withPartitionKey("k").withExplicitHashKey("9").withData(utf8("sealed")));
    equal("KMS", sealed.getEncryptionType());
    equal(List.of("sealed"), texts(i -> i.withShardIteratorType("AT_SEQUENCE_NUMBER").withStartingSequenceNumber(sealed.getSequenceNumber())));
    var summary = kinesis.describeStreamSummary(new DescribeStreamSummaryRequest().withStreamName(stream)).getStreamDescriptionSummary();
    equal(List.of(48, "KMS", List.of("IncomingBytes")), List.of(summary.getRetentionPeriodHours(), summary.getEncryptionType(), summary.getEnhancedMonitoring().get(0).getShardLevelMetrics()));
  }

  private void consumers(String arn) throws Exception {
    var consumer = kinesis.registerStreamConsumer(new RegisterStreamConsumerRequest().withStreamARN(arn).withConsumerName("reader")).getConsumer();
    recent(consumer.getConsumerCreationTimestamp());
    until("consumer", () -> kinesis.describeStreamConsumer(new DescribeStreamConsumerRequest().withConsumerARN(consumer.getConsumerARN()))
        .getConsumerDescription().getConsumerStatus().equals("ACTIVE"));
    equal(1, kinesis.listStreamConsumers(new ListStreamConsumersRequest().withStreamARN(arn)).getConsumers().size());
    kinesis.deregisterStreamConsumer(new DeregisterStreamConsumerRequest().withConsumerARN(consumer.getConsumerARN()));
    until("no consumer", () -> kinesis.listStreamConsumers(new ListStreamConsumersRequest().withStreamARN(arn)).getConsumers().isEmpty());
  }

  private void reshard() throws Exception {
    kinesis.splitShard(stream, "shardId-000000000000", "1000");
    active();
    var last = read(i -> i.withShardId("shardId-000000000000").withShardIteratorType("LATEST"));
    equal(null, last.getNextShardIterator());
    equal(List.of("shardId-000000000002", "shardId-000000000003"), last.getChildShards().stream().map(ChildShard::getShardId).toList());
    kinesis.mergeShards(stream, "shardId-000000000002", "shardId-000000000003");
    active();
    kinesis.updateShardCount(new UpdateShardCountRequest().withStreamName(stream).withTargetShardCount(4).withScalingType(ScalingType.UNIFORM_SCALING));
    active();
    equal(4, kinesis.describeStreamSummary(new DescribeStreamSummaryRequest().withStreamName(stream)).getStreamDescriptionSummary().getOpenShardCount());
  }

  private void errors() {
    var absent = refused(ResourceNotFoundException.class, () -> kinesis.describeStream("absent"));
    equal("Stream absent under account " + ACCOUNT + " not found.", absent.getErrorMessage());
    equal(List.of(400, "ResourceNotFoundException"), List.of(absent.getStatusCode(), absent.getErrorCode()));
    truth("a request id", absent.getRequestId() != null);
    var again = refused(ResourceInUseException.class, () -> kinesis.createStream(stream, 1));
    equal("Stream " + stream + " under account " + ACCOUNT + " already exists.", again.getErrorMessage());
    equal("Invalid ShardIterator.", refused(InvalidArgumentException.class, () -> kinesis.getRecords(new GetRecordsRequest().withShardIterator("bad"))).getErrorMessage());
    equal("ValidationException", refused(AmazonKinesisException.class, () -> kinesis.putRecord(stream, utf8("x"), "k".repeat(257))).getErrorCode());
    refused(LimitExceededException.class, () -> kinesis.createStream("huge", 100_000));
    var throttled = refused(ProvisionedThroughputExceededException.class, () -> {
      for (int n = 0; n < 20; n += 1) kinesis.putRecord(stream, ByteBuffer.wrap(new byte[900_000]), "k");
    });
    truth(throttled.getMessage(), throttled.getErrorMessage().startsWith("Rate exceeded for shard shardId-"));
  }

  private GetRecordsResult read(java.util.function.Consumer<GetShardIteratorRequest> position) throws Exception {
    // A shard is read five times a second at most.
    Thread.sleep(220);
    var request = new GetShardIteratorRequest().withStreamName(stream);
    position.accept(request);
    return kinesis.getRecords(new GetRecordsRequest().withShardIterator(kinesis.getShardIterator(request).getShardIterator()).withLimit(10_000));
  }

  /** What the first shard holds from a position on. */
  private List<String> texts(java.util.function.Consumer<GetShardIteratorRequest> position) throws Exception {
    return read(i -> position.accept(i.withShardId("shardId-000000000000"))).getRecords().stream().map(record ->
        record.getPartitionKey().startsWith("key-") ? record.getPartitionKey() : StandardCharsets.UTF_8.decode(record.getData()).toString()).toList();
  }

  private void active() throws Exception {
    until("active", () -> kinesis.describeStreamSummary(new DescribeStreamSummaryRequest().withStreamName(stream))
        .getStreamDescriptionSummary().getStreamStatus().equals("ACTIVE"));
  }

  private static ByteBuffer utf8(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] bytes(int n) {
    var bytes = new byte[200];
    for (int at = 0; at < bytes.length; at += 1) bytes[at] = (byte) (at % 2 == 0 ? n : 255 - n);
    return bytes;
  }

  private static void until(String what, Supplier<Boolean> condition) throws Exception {
    for (var deadline = System.nanoTime() + 30_000_000_000L; !condition.get(); Thread.sleep(100))
      if (System.nanoTime() > deadline) throw new AssertionError("gave up waiting for " + what);
  }

  private static void recent(Date time) {
    truth(time + " is not now", Math.abs(time.getTime() - System.currentTimeMillis()) < 60_000);
  }

  private static void equal(Object expected, Object actual) {
    truth("expected " + expected + ", got " + actual, Objects.equals(expected, actual));
  }

  private static void truth(String what, boolean holds) {
    if (!holds) throw new AssertionError(what);
  }

  private static <E extends AmazonKinesisException> E refused(Class<E> type, Runnable call) {
    try {
      call.run();
    } catch (AmazonKinesisException error) {
      if (type.isInstance(error)) return type.cast(error);
      throw error;
    }
    throw new AssertionError(type.getSimpleName() + " expected");
  }
}
