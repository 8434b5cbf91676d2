import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.http.crt.AwsCrtHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.utils.AttributeMap;

/**
 * The AWS SDK for Java 2, unmodified: every step is told by the same words to a synchronous client and to an asynchronous one
 * whose answers are waited for. Throws at the first step that fails.
 *
 * usage: SdkStory ENDPOINT apache5|url-connection|crt-sync|netty|crt STREAM
 */
public final class SdkStory {
  private static final String ACCOUNT = "123456789012";
  private final KinesisClient kinesis;
  /** Absent for a synchronous client, which knows no SubscribeToShard. */
  private final KinesisAsyncClient asynchronous;
  private final String stream;

  public static void main(String[] args) throws Exception {
    // An access key id of 12 digits names the account.
    var credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create(ACCOUNT, "secret"));
    var once = ClientOverrideConfiguration.builder().retryStrategy(AwsRetryStrategy.doNotRetry()).build();
    var settings = KinesisClient.builder().endpointOverride(URI.create(args[0])).region(Region.EU_WEST_1)
        .credentialsProvider(credentials).overrideConfiguration(once);
    var asyncSettings = KinesisAsyncClient.builder().endpointOverride(URI.create(args[0])).region(Region.EU_WEST_1)
        .credentialsProvider(credentials).overrideConfiguration(once);
    // CRT looks into no trust store of Java's: the certificate made at start is not checked here.
    var trusting = AttributeMap.builder().put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true).build();
    var http2 = trusting.toBuilder().put(SdkHttpConfigurationOption.PROTOCOL, Protocol.HTTP2).build();
    KinesisAsyncClient async = switch (args[1]) {
      case "netty" -> asyncSettings.httpClientBuilder(NettyNioAsyncHttpClient.builder()).build();
      case "crt" -> asyncSettings.httpClient(AwsCrtAsyncHttpClient.builder().buildWithDefaults(http2)).build();
      default -> null;
    };
    KinesisClient kinesis = switch (args[1]) {
      case "apache5" -> settings.httpClientBuilder(Apache5HttpClient.builder()).build();
      case "url-connection" -> settings.httpClientBuilder(UrlConnectionHttpClient.builder()).build();
      case "crt-sync" -> settings.httpClient(AwsCrtHttpClient.builder().buildWithDefaults(trusting)).build();
      default -> joined(async);
    };
    try {
      new SdkStory(kinesis, async, args[2]).tell();
      System.out.println("Java story passed");
    } finally {
      (async != null ? async : kinesis).close();
    }
  }

  private SdkStory(KinesisClient kinesis, KinesisAsyncClient asynchronous, String stream) {
    this.kinesis = kinesis;
    this.asynchronous = asynchronous;
    this.stream = stream;
  }

  private void tell() throws Exception {
    var arn = create();
    var records = putAndGet();
    tagsAndSettings(arn);
    encryptionAndPolicy(arn);
    if (asynchronous != null) push(arn, records);
    consumers(arn);
    reshard();
    errors();
    kinesis.deleteStream(r -> r.streamName(stream).enforceConsumerDeletion(true));
    until("deleted", () -> {
      try {
        return kinesis.describeStreamSummary(r -> r.streamName(stream)) == null;
      } catch (ResourceNotFoundException error) {
        return true;
      }
    });
  }

  private String create() throws Exception {
    kinesis.createStream(r -> r.streamName(stream).shardCount(2).tags(Map.of("team", "ingest")));
    active();
    var summary = kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary();
    equal("arn:aws:kinesis:eu-west-1:" + ACCOUNT + ":stream/" + stream, summary.streamARN());
    equal(List.of(2, 24, StreamMode.PROVISIONED), List.of(summary.openShardCount(), summary.retentionPeriodHours(),
        summary.streamModeDetails().streamMode()));
    recent(summary.streamCreationTimestamp());
    var description = kinesis.describeStream(r -> r.streamARN(summary.streamARN())).streamDescription();
    equal(List.of("shardId-000000000000", "shardId-000000000001"), description.shards().stream().map(Shard::shardId).toList());
    equal("170141183460469231731687303715884105727", description.shards().get(0).hashKeyRange().endingHashKey());
    recent(description.streamCreationTimestamp());
    truth("listed", kinesis.listStreams(r -> r.limit(100)).streamSummaries().stream().anyMatch(s -> s.streamARN().equals(summary.streamARN())));
    truth("limits", kinesis.describeLimits().openShardCount() >= 2);
    return summary.streamARN();
  }

  /** Answers the records of the first shard, in their order. */
  private List<String> putAndGet() throws Exception {
    var entries = IntStream.range(0, 200).mapToObj(n -> PutRecordsRequestEntry.builder().partitionKey("key-" + n)
        .data(SdkBytes.fromByteArray(bytes(n))).build()).toList();
    var put = kinesis.putRecords(r -> r.streamName(stream).records(entries));
    equal(0, put.failedRecordCount());
    equal(200, put.records().size());
    var first = kinesis.putRecord(r -> r.streamName(stream).partitionKey("one").explicitHashKey("0").data(SdkBytes.fromUtf8String("one")));
    var second = kinesis.putRecord(r -> r.streamName(stream).partitionKey("two").explicitHashKey("0")
        .data(SdkBytes.fromUtf8String("two")).sequenceNumberForOrdering(first.sequenceNumber()));
    equal("shardId-000000000000", second.shardId());

    var got = new ArrayList<Record>();
    for (var shard : kinesis.listShards(r -> r.streamName(stream)).shards()) {
      var page = read(i -> i.shardId(shard.shardId()).shardIteratorType("TRIM_HORIZON"));
      equal(0L, page.millisBehindLatest());
      truth("an iterator to go on", page.nextShardIterator() != null);
      got.addAll(page.records());
    }
    equal(202, got.size());
    for (var record : got) {
      recent(record.approximateArrivalTimestamp());
      if (!record.partitionKey().startsWith("key-")) continue;
      var n = Integer.parseInt(record.partitionKey().substring(4));
      truth("data of " + n, Arrays.equals(bytes(n), record.data().asByteArray()));
      equal(put.records().get(n).sequenceNumber(), record.sequenceNumber());
    }
    equal(List.of("one", "two"), texts(i -> i.shardIteratorType("AT_SEQUENCE_NUMBER").startingSequenceNumber(first.sequenceNumber())));
    equal(List.of("two"), texts(i -> i.shardIteratorType("AFTER_SEQUENCE_NUMBER").startingSequenceNumber(first.sequenceNumber())));
    equal(List.of(), texts(i -> i.shardIteratorType("LATEST")));
    equal(List.of(), texts(i -> i.shardIteratorType("AT_TIMESTAMP").timestamp(Instant.now())));
    var all = texts(i -> i.shardIteratorType("AT_TIMESTAMP").timestamp(Instant.now().minusSeconds(60)));
    equal(texts(i -> i.shardIteratorType("TRIM_HORIZON")), all);
    return all;
  }

  private void tagsAndSettings(String arn) throws Exception {
    kinesis.addTagsToStream(r -> r.streamName(stream).tags(Map.of("stage", "test")));
    kinesis.removeTagsFromStream(r -> r.streamName(stream).tagKeys("team"));
    equal(List.of("stage=test"), kinesis.listTagsForStream(r -> r.streamName(stream)).tags().stream().map(t -> t.key() + "=" + t.value()).toList());
    kinesis.tagResource(r -> r.resourceARN(arn).tags(Map.of("owner", "us")));
    kinesis.untagResource(r -> r.resourceARN(arn).tagKeys("stage"));
    equal(List.of("owner=us"), kinesis.listTagsForResource(r -> r.resourceARN(arn)).tags().stream().map(t -> t.key() + "=" + t.value()).toList());
    kinesis.increaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(48));
    active();
    equal(48, kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary().retentionPeriodHours());
    kinesis.decreaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(24));
    active();
    var enabled = kinesis.enableEnhancedMonitoring(r -> r.streamName(stream).shardLevelMetrics(MetricsName.INCOMING_BYTES));
    equal(List.of(MetricsName.INCOMING_BYTES), enabled.desiredShardLevelMetrics());
    active();
    var disabled = kinesis.disableEnhancedMonitoring(r -> r.streamName(stream).shardLevelMetrics(MetricsName.ALL));
    equal(List.of(), disabled.desiredShardLevelMetrics());
    active();
  }

  private void encryptionAndPolicy(String arn) throws Exception {
    kinesis.startStreamEncryption(r -> r.streamName(stream).encryptionType("KMS").keyId("alias/aws/kinesis"));
    active();
    var sealed = kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").explicitHashKey("9").data(SdkBytes.fromUtf8String("sealed")));
    equal(EncryptionType.KMS, sealed.encryptionType());
    equal(List.of("sealed"), texts(i -> i.shardIteratorType("AT_SEQUENCE_NUMBER").startingSequenceNumber(sealed.sequenceNumber())));
    kinesis.stopStreamEncryption(r -> r.streamName(stream).encryptionType("KMS").keyId("alias/aws/kinesis"));
    active();
    var policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" + ACCOUNT
        + "\"},\"Action\":\"kinesis:GetRecords\",\"Resource\":\"" + arn + "\"}]}";
    kinesis.putResourcePolicy(r -> r.resourceARN(arn).policy(policy));
    truth("the policy", kinesis.getResourcePolicy(r -> r.resourceARN(arn)).policy().contains("kinesis:GetRecords"));
    kinesis.deleteResourcePolicy(r -> r.resourceARN(arn));
  }

  /** Enhanced fan-out from the beginning of a shard, through its split, to its end. */
  private void push(String arn, List<String> records) throws Exception {
    var consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("pushed")).consumer().consumerARN();
    until("consumer", () -> kinesis.describeStreamConsumer(r -> r.consumerARN(consumer)).consumerDescription().consumerStatus() == ConsumerStatus.ACTIVE);
    var pushed = new ArrayList<String>();
    var children = new ArrayList<String>();
    var begun = new CountDownLatch(1);
    var handler = SubscribeToShardResponseHandler.builder().subscriber(SubscribeToShardResponseHandler.Visitor.builder()
        .onSubscribeToShardEvent(event -> {
          event.records().forEach(record -> pushed.add(text(record)));
          event.childShards().forEach(child -> children.add(child.shardId()));
          begun.countDown();
        }).build()).build();
    var end = asynchronous.subscribeToShard(r -> r.consumerARN(consumer).shardId("shardId-000000000000")
        .startingPosition(p -> p.type(ShardIteratorType.TRIM_HORIZON)), handler);
    begun.await();
    var last = kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").explicitHashKey("1").data(SdkBytes.fromUtf8String("last")));
    equal("shardId-000000000000", last.shardId());
    kinesis.splitShard(r -> r.streamName(stream).shardToSplit("shardId-000000000000").newStartingHashKey("1000"));
    end.get();
    var expected = new ArrayList<>(records);
    expected.addAll(List.of("sealed", "last"));
    equal(expected, pushed);
    equal(List.of("shardId-000000000002", "shardId-000000000003"), children);
    active();
    kinesis.deregisterStreamConsumer(r -> r.consumerARN(consumer));
    kinesis.mergeShards(r -> r.streamName(stream).shardToMerge("shardId-000000000002").adjacentShardToMerge("shardId-000000000003"));
    active();
  }

  private void consumers(String arn) throws Exception {
    var consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("reader")).consumer();
    recent(consumer.consumerCreationTimestamp());
    until("consumer", () -> kinesis.describeStreamConsumer(r -> r.streamARN(arn).consumerName("reader")).consumerDescription().consumerStatus() == ConsumerStatus.ACTIVE);
    truth("listed", kinesis.listStreamConsumers(r -> r.streamARN(arn)).consumers().stream().anyMatch(c -> c.consumerARN().equals(consumer.consumerARN())));
    kinesis.deregisterStreamConsumer(r -> r.consumerARN(consumer.consumerARN()));
    until("no consumer", () -> kinesis.listStreamConsumers(r -> r.streamARN(arn)).consumers().isEmpty());
  }

  private void reshard() throws Exception {
    var parent = open().get(0);
    var half = new BigInteger(parent.hashKeyRange().startingHashKey()).add(BigInteger.TEN).toString();
    kinesis.splitShard(r -> r.streamName(stream).shardToSplit(parent.shardId()).newStartingHashKey(half));
    active();
    var children = open().stream().filter(s -> parent.shardId().equals(s.parentShardId())).map(Shard::shardId).toList();
    equal(2, children.size());
    // The end of a closed shard: no iterator any more, but its children.
    var last = read(i -> i.shardId(parent.shardId()).shardIteratorType("LATEST"));
    equal(null, last.nextShardIterator());
    equal(children, last.childShards().stream().map(ChildShard::shardId).toList());
    equal(List.of(parent.shardId()), last.childShards().get(0).parentShards());
    kinesis.mergeShards(r -> r.streamName(stream).shardToMerge(children.get(0)).adjacentShardToMerge(children.get(1)));
    active();
    equal(2, open().size());
    var update = kinesis.updateShardCount(r -> r.streamName(stream).targetShardCount(4).scalingType("UNIFORM_SCALING"));
    equal(List.of(2, 4), List.of(update.currentShardCount(), update.targetShardCount()));
    active();
    equal(4, open().size());
  }

  private void errors() {
    var absent = refused(ResourceNotFoundException.class, () -> kinesis.describeStream(r -> r.streamName("absent")));
    equal("Stream absent under account " + ACCOUNT + " not found.", absent.awsErrorDetails().errorMessage());
    equal(List.of(400, "ResourceNotFoundException", "Kinesis"), List.of(absent.statusCode(), absent.awsErrorDetails().errorCode(), absent.awsErrorDetails().serviceName()));
    truth("a request id", absent.requestId() != null);
    var again = refused(ResourceInUseException.class, () -> kinesis.createStream(r -> r.streamName(stream).shardCount(1)));
    equal("Stream " + stream + " under account " + ACCOUNT + " already exists.", again.awsErrorDetails().errorMessage());
    equal("Invalid ShardIterator.", refused(InvalidArgumentException.class, () -> kinesis.getRecords(r -> r.shardIterator("bad"))).awsErrorDetails().errorMessage());
    truth("what is wrong", refused(ValidationException.class, () -> kinesis.putRecord(r -> r.streamName(stream)
        .partitionKey("k".repeat(257)).data(SdkBytes.fromUtf8String("x")))).getMessage().contains("at 'partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256"));
    refused(LimitExceededException.class, () -> kinesis.createStream(r -> r.streamName("huge").shardCount(100_000)));
    var large = SdkBytes.fromByteArray(new byte[900_000]);
    var throttled = refused(ProvisionedThroughputExceededException.class, () -> {
      for (int n = 0; n < 20; n += 1) kinesis.putRecord(r -> r.streamName(stream).partitionKey("k").data(large));
    });
    truth(throttled.getMessage(), throttled.awsErrorDetails().errorMessage().startsWith("Rate exceeded for shard shardId-"));
  }

  private List<Shard> open() {
    return kinesis.listShards(r -> r.streamName(stream).shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).shards().stream()
        .sorted(Comparator.comparing(s -> new BigInteger(s.hashKeyRange().startingHashKey()))).toList();
  }

  private GetRecordsResponse read(Consumer<GetShardIteratorRequest.Builder> position) throws Exception {
    // A shard is read five times a second at most.
    Thread.sleep(220);
    var iterator = kinesis.getShardIterator(r -> position.accept(r.streamName(stream))).shardIterator();
    return kinesis.getRecords(r -> r.shardIterator(iterator).limit(10_000));
  }

  /** What the first shard holds from a position on. */
  private List<String> texts(Consumer<GetShardIteratorRequest.Builder> position) throws Exception {
    return read(i -> position.accept(i.shardId("shardId-000000000000"))).records().stream().map(SdkStory::text).toList();
  }

  private static String text(Record record) {
    return record.partitionKey().startsWith("key-") ? record.partitionKey() : record.data().asUtf8String();
  }

  private static byte[] bytes(int n) {
    var bytes = new byte[200];
    for (int at = 0; at < bytes.length; at += 1) bytes[at] = (byte) (at % 2 == 0 ? n : 255 - n);
    return bytes;
  }

  private void active() throws Exception {
    until("active", () -> kinesis.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary().streamStatus() == StreamStatus.ACTIVE);
  }

  private static void until(String what, Supplier<Boolean> condition) throws Exception {
    for (var deadline = System.nanoTime() + 30_000_000_000L; !condition.get(); Thread.sleep(100))
      if (System.nanoTime() > deadline) throw new AssertionError("gave up waiting for " + what);
  }

  private static void recent(Instant time) {
    truth(time + " is not now", Math.abs(time.toEpochMilli() - System.currentTimeMillis()) < 60_000);
  }

  private static void equal(Object expected, Object actual) {
    truth("expected " + expected + ", got " + actual, Objects.equals(expected, actual));
  }

  private static void truth(String what, boolean holds) {
    if (!holds) throw new AssertionError(what);
  }

  private static <E extends KinesisException> E refused(Class<E> type, Runnable call) {
    try {
      call.run();
    } catch (KinesisException error) {
      if (type.isInstance(error)) return type.cast(error);
      throw error;
    }
    throw new AssertionError(type.getSimpleName() + " expected");
  }

  /** The same methods, each of whose answers is waited for. */
  private static KinesisClient joined(KinesisAsyncClient client) {
    return (KinesisClient) Proxy.newProxyInstance(SdkStory.class.getClassLoader(), new Class<?>[] {KinesisClient.class}, (proxy, method, arguments) -> {
      try {
        var answer = KinesisAsyncClient.class.getMethod(method.getName(), method.getParameterTypes()).invoke(client, arguments);
        return answer instanceof CompletableFuture<?> future ? future.join() : answer;
      } catch (InvocationTargetException error) {
        throw error.getCause();
      } catch (CompletionException error) {
        throw error.getCause();
      }
    });
  }
}
