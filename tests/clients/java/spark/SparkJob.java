import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.Optional;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.streaming.Durations;
import org.apache.spark.streaming.api.java.JavaDStream;
import org.apache.spark.streaming.api.java.JavaStreamingContext;
import org.apache.spark.streaming.kinesis.KinesisInitialPositions;
import org.apache.spark.streaming.kinesis.KinesisInputDStream;
import org.apache.spark.streaming.kinesis.SparkAWSCredentials;
import scala.Tuple2;

/**
 * A job of an unmodified Spark Streaming, within this process: two receivers (each a KCL 1 worker) read a stream whose records
 * are "KEY ORDINAL", and the ordinals of each key are kept in Spark's state. Goes on at the checkpoint below FOLDER, if there is
 * one. Prints a line for each key after each batch: COUNT key, different ordinals.
 *
 * usage: SparkJob KINESIS_ENDPOINT STREAM APPLICATION FOLDER
 */
public final class SparkJob {
  public static void main(String[] args) throws InterruptedException {
    var context = JavaStreamingContext.getOrCreate(args[3], () -> create(args[0], args[1], args[2], args[3]));
    context.sparkContext().setLogLevel("WARN");
    context.start();
    context.awaitTermination();
  }

  private static JavaStreamingContext create(String endpoint, String stream, String application, String folder) {
    var configuration = new SparkConf().setMaster("local[4]").setAppName(application)
        .set("spark.ui.enabled", "false").set("spark.driver.host", "127.0.0.1").set("spark.driver.bindAddress", "127.0.0.1")
        .set("spark.default.parallelism", "2");
    var context = new JavaStreamingContext(configuration, Durations.seconds(1));
    context.checkpoint(folder);
    var receivers = new ArrayList<JavaDStream<byte[]>>();
    for (var number = 0; number < 2; number += 1) receivers.add(receiver(context, endpoint, stream, application));
    context.union(receivers.get(0), receivers.get(1))
        .mapToPair((data) -> {
          var words = new String(data, StandardCharsets.UTF_8).split(" ");
          return new Tuple2<>(words[0], Integer.valueOf(words[1]));
        })
        .updateStateByKey(SparkJob::remember)
        .foreachRDD((rdd) -> rdd.collect().forEach((state) -> print(state._1(), state._2())));
    return context;
  }

  private static JavaDStream<byte[]> receiver(
      JavaStreamingContext context, String endpoint, String stream, String application) {
    return JavaDStream.fromDStream(
        KinesisInputDStream.builder().streamingContext(context).streamName(stream).endpointUrl(endpoint)
            .regionName("us-east-1").initialPosition(new KinesisInitialPositions.TrimHorizon())
            .checkpointAppName(application).checkpointInterval(Durations.seconds(1))
            .storageLevel(StorageLevel.MEMORY_AND_DISK())
            .kinesisCredentials(SparkAWSCredentials.builder().basicCredentials("test", "test").build()).build(),
        scala.reflect.ClassTag$.MODULE$.apply(byte[].class));
  }

  private static Optional<ArrayList<Integer>> remember(List<Integer> arrived, Optional<ArrayList<Integer>> before) {
    var all = before.isPresent() ? new ArrayList<>(before.get()) : new ArrayList<Integer>();
    all.addAll(arrived);
    return Optional.of(all);
  }

  private static void print(String key, List<Integer> ordinals) {
    System.out.println("COUNT " + key + " " + ordinals.stream().distinct().count());
  }
}
