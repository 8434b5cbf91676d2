import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.Properties;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple3;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.kinesis.sink.KinesisStreamsSink;
import org.apache.flink.connector.kinesis.source.KinesisStreamsSource;
import org.apache.flink.connector.kinesis.source.config.KinesisStreamsSourceConfigConstants;
import org.apache.flink.kinesis.shaded.software.amazon.awssdk.services.kinesis.model.Record;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.connectors.kinesis.FlinkKinesisConsumer;
import org.apache.flink.streaming.connectors.kinesis.serialization.KinesisDeserializationSchema;
import org.apache.flink.util.Collector;

/**
 * A job of an unmodified Flink, in a cluster within this process: counts the records of each partition key in checkpointed
 * state. A record's data is its ordinal within its key. It begins at the newest complete checkpoint below FOLDER, and fails once
 * when it finds the file FOLDER/break. Prints a line for each thing that happens, for the test to read:
 * STARTED, RESTORED checkpoint, CHECKPOINT number, BROKE,
 * COUNT key records, records seen before, records out of the order of their shard (all from the state, after each record).
 *
 * usage: FlinkJob ENDPOINT STREAM_ARN polling|fanout|source FOLDER [SINK_STREAM_ARN]
 */
public final class FlinkJob {
  /** Partition key, ordinal, shard. */
  private static final TypeInformation<Tuple3<String, Integer, String>> TYPE =
      Types.TUPLE(Types.STRING, Types.INT, Types.STRING);

  public static void main(String[] args) throws Exception {
    var folder = Path.of(args[3]);
    var environment = StreamExecutionEnvironment.createLocalEnvironment(2, configuration(folder));
    var client = clientProperties(args[0]);
    var broken = source(environment, client, args[1], args[2])
        .map(new Breaker(folder.resolve("break").toString())).returns(TYPE).uid("breaker");
    broken.keyBy(record -> record.f0).process(new Count()).returns(Types.STRING).uid("count");
    if (args.length > 4) {
      broken.sinkTo(KinesisStreamsSink.<Tuple3<String, Integer, String>>builder()
          .setKinesisClientProperties(client).setStreamArn(args[4])
          .setSerializationSchema(record -> record.f1.toString().getBytes(StandardCharsets.UTF_8))
          .setPartitionKeyGenerator(record -> record.f0).build()).uid("sink");
    }
    environment.execute();
  }

  private static Configuration configuration(Path folder) throws IOException {
    var configuration = new Configuration();
    var checkpoints = folder.resolve("checkpoints");
    configuration.setString("state.checkpoints.dir", checkpoints.toUri().toString());
    configuration.setString("execution.checkpointing.interval", "1s");
    configuration.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    configuration.setString("restart-strategy.type", "fixed-delay");
    configuration.setString("restart-strategy.fixed-delay.attempts", "3");
    configuration.setString("restart-strategy.fixed-delay.delay", "500ms");
    newestCheckpoint(checkpoints).ifPresent((path) ->
        configuration.setString("execution.savepoint.path", path.toUri().toString()));
    return configuration;
  }

  /** A checkpoint is complete once its folder holds the file _metadata. */
  private static Optional<Path> newestCheckpoint(Path checkpoints) throws IOException {
    if (!Files.isDirectory(checkpoints)) return Optional.empty();
    try (var files = Files.walk(checkpoints, 3)) {
      return files.filter((file) -> file.endsWith("_metadata"))
          .max(Comparator.comparingLong((file) -> file.toFile().lastModified())).map(Path::getParent);
    }
  }

  private static Properties clientProperties(String endpoint) {
    var properties = new Properties();
    properties.setProperty("aws.endpoint", endpoint);
    properties.setProperty("aws.region", "us-east-1");
    properties.setProperty("aws.credentials.provider", "BASIC");
    properties.setProperty("aws.credentials.provider.basic.accesskeyid", "test");
    properties.setProperty("aws.credentials.provider.basic.secretkey", "test");
    properties.setProperty("aws.trust.all.certificates", "true");
    return properties;
  }

  private static DataStream<Tuple3<String, Integer, String>> source(
      StreamExecutionEnvironment environment, Properties client, String arn, String mode) {
    if (mode.equals("source")) {
      var configuration = Configuration.fromMap(client.entrySet().stream()
          .collect(java.util.stream.Collectors.toMap(entry -> (String) entry.getKey(), entry -> (String) entry.getValue())));
      configuration.set(KinesisStreamsSourceConfigConstants.STREAM_INITIAL_POSITION,
          KinesisStreamsSourceConfigConstants.InitialPosition.TRIM_HORIZON);
      configuration.set(KinesisStreamsSourceConfigConstants.SHARD_DISCOVERY_INTERVAL_MILLIS, 1000L);
      var source = KinesisStreamsSource.<Tuple3<String, Integer, String>>builder().setStreamArn(arn)
          .setSourceConfig(configuration).setDeserializationSchema(new NewSchema()).build();
      return environment.fromSource(source, WatermarkStrategy.noWatermarks(), "kinesis", TYPE).uid("kinesis");
    }
    var properties = new Properties();
    properties.putAll(client);
    properties.setProperty("flink.stream.initpos", "TRIM_HORIZON");
    properties.setProperty("flink.shard.discovery.intervalmillis", "1000");
    properties.setProperty("flink.stream.recordpublisher", mode.equals("fanout") ? "EFO" : "POLLING");
    if (mode.equals("fanout")) {
      properties.setProperty("flink.stream.efo.consumername", "flink");
      properties.setProperty("flink.stream.efo.registration", "EAGER");
    }
    var stream = arn.substring(arn.indexOf('/') + 1);
    return environment.addSource(new FlinkKinesisConsumer<>(stream, new Schema(), properties), "kinesis", TYPE)
        .uid("kinesis");
  }

  private static Tuple3<String, Integer, String> read(String key, byte[] data, String shard) {
    return Tuple3.of(key, Integer.valueOf(new String(data, StandardCharsets.UTF_8)), shard);
  }

  /** For FlinkKinesisConsumer, which takes aggregated records apart. */
  private static final class Schema implements KinesisDeserializationSchema<Tuple3<String, Integer, String>> {
    @Override public Tuple3<String, Integer, String> deserialize(
        byte[] data, String key, String sequenceNumber, long arrivalMs, String stream, String shard) {
      return read(key, data, shard);
    }

    @Override public TypeInformation<Tuple3<String, Integer, String>> getProducedType() {
      return TYPE;
    }
  }

  /** For KinesisStreamsSource. */
  private static final class NewSchema implements
      org.apache.flink.connector.kinesis.source.serialization.KinesisDeserializationSchema<Tuple3<String, Integer, String>> {
    @Override public void deserialize(
        Record record, String stream, String shard, Collector<Tuple3<String, Integer, String>> output) {
      output.collect(read(record.partitionKey(), record.data().asByteArray(), shard));
    }

    @Override public TypeInformation<Tuple3<String, Integer, String>> getProducedType() {
      return TYPE;
    }
  }

  /** Throws once for each time that its file stands there, when a checkpoint is complete and records came after it. */
  private static final class Breaker
      implements MapFunction<Tuple3<String, Integer, String>, Tuple3<String, Integer, String>>, CheckpointListener {
    private final String file;
    private transient boolean hasCheckpoint;
    private transient int sinceCheckpoint;

    Breaker(String file) {
      this.file = file;
    }

    @Override public Tuple3<String, Integer, String> map(Tuple3<String, Integer, String> record) throws IOException {
      sinceCheckpoint += 1;
      if (hasCheckpoint && sinceCheckpoint > 50 && Files.deleteIfExists(Path.of(file))) {
        System.out.println("BROKE");
        throw new IOException("broken by the test");
      }
      return record;
    }

    @Override public void notifyCheckpointComplete(long checkpoint) {
      hasCheckpoint = true;
      sinceCheckpoint = 0;
    }
  }

  /** Counts in keyed state, which goes back to the checkpoint with the positions in the shards. */
  private static final class Count extends KeyedProcessFunction<String, Tuple3<String, Integer, String>, String>
      implements CheckpointedFunction, CheckpointListener {
    private transient MapState<Integer, Boolean> seen;
    private transient MapState<String, Integer> lastOfShard;
    /** Records, those seen before, those out of order. */
    private transient ValueState<Tuple3<Integer, Integer, Integer>> counts;

    @Override public void initializeState(FunctionInitializationContext context) {
      var store = context.getKeyedStateStore();
      seen = store.getMapState(new MapStateDescriptor<>("seen", Types.INT, Types.BOOLEAN));
      lastOfShard = store.getMapState(new MapStateDescriptor<>("last", Types.STRING, Types.INT));
      counts = store.getState(new ValueStateDescriptor<>("counts", Types.TUPLE(Types.INT, Types.INT, Types.INT)));
      if (getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() != 0) return;
      var checkpoint = context.getRestoredCheckpointId();
      System.out.println(checkpoint.isPresent() ? "RESTORED " + checkpoint.getAsLong() : "STARTED");
    }

    @Override public void processElement(
        Tuple3<String, Integer, String> record, Context context, Collector<String> output) throws Exception {
      var now = counts.value() == null ? Tuple3.of(0, 0, 0) : counts.value();
      var last = lastOfShard.get(record.f2);
      now.f0 += 1;
      if (seen.contains(record.f1)) now.f1 += 1;
      if (last != null && last >= record.f1) now.f2 += 1;
      seen.put(record.f1, true);
      lastOfShard.put(record.f2, record.f1);
      counts.update(now);
      System.out.println("COUNT " + record.f0 + " " + now.f0 + " " + now.f1 + " " + now.f2);
    }

    @Override public void snapshotState(FunctionSnapshotContext context) {}

    @Override public void notifyCheckpointComplete(long checkpoint) {
      if (getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() == 0) System.out.println("CHECKPOINT " + checkpoint);
    }
  }
}
