import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.SnappyCodec;
import org.xerial.snappy.SnappyInputStream;

/** Prints what a compressed file holds: `snappy-java PATH` or `hadoop PATH`. */
public final class SnappyReaders {
  public static void main(String[] args) throws IOException {
    try (InputStream file = new FileInputStream(args[1]); InputStream plain = reader(args[0], file)) {
      plain.transferTo(System.out);
    }
    System.out.flush();
  }

  private static InputStream reader(String format, InputStream file) throws IOException {
    if (format.equals("snappy-java")) return new SnappyInputStream(file);
    SnappyCodec codec = new SnappyCodec();
    codec.setConf(new Configuration());
    return codec.createInputStream(file);
  }
}
