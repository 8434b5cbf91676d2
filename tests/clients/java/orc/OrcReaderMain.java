import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.TimeZone;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hive.common.type.HiveDecimal;
import org.apache.hadoop.hive.ql.exec.vector.BytesColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.ColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.DecimalColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.DoubleColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.ListColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.LongColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.MapColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.StructColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.TimestampColumnVector;
import org.apache.hadoop.hive.ql.exec.vector.VectorizedRowBatch;
import org.apache.hadoop.hive.ql.io.sarg.PredicateLeaf;
import org.apache.hadoop.hive.ql.io.sarg.SearchArgument;
import org.apache.hadoop.hive.ql.io.sarg.SearchArgumentFactory;
import org.apache.hadoop.hive.serde2.io.HiveDecimalWritable;
import org.apache.orc.ColumnStatistics;
import org.apache.orc.OrcFile;
import org.apache.orc.Reader;
import org.apache.orc.RecordReader;
import org.apache.orc.StripeInformation;
import org.apache.orc.StripeStatistics;
import org.apache.orc.TypeDescription;

/**
 * Reads ORC files by Apache ORC's own reader: a request a line, its parts between tabs; a line of JSON for each. Values are
 * printed as tests/clients/python/columnar_reader.py prints them.
 *
 *   rows PATH                        all rows
 *   row PATH NUMBER                  one row, sought by the row index
 *   search PATH COLUMN EQ|LT LITERAL what is read of the column with a search argument: the row groups that it leaves
 *   describe PATH                    the file, its stripes, and all statistics as Java prints them
 */
public final class OrcReaderMain {
  private static final Configuration CONFIGURATION = new Configuration();

  public static void main(String[] args) throws IOException {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String[] parts = line.split("\t");
      StringBuilder answer = new StringBuilder();
      try (Reader reader = open(parts[1])) {
        switch (parts[0]) {
          case "rows" -> rows(reader, answer);
          case "row" -> row(reader, Long.parseLong(parts[2]), answer);
          case "search" -> search(reader, parts, answer);
          case "describe" -> describe(reader, answer);
          default -> throw new IllegalArgumentException(parts[0]);
        }
      }
      answers.append(answer).append('\n').flush();
    }
  }

  private static Reader open(String path) throws IOException {
    OrcFile.ReaderOptions options = OrcFile.readerOptions(CONFIGURATION);
    return OrcFile.createReader(new Path(path), options.useUTCTimestamp(true).convertToProlepticGregorian(true));
  }

  private static void rows(Reader reader, StringBuilder out) throws IOException {
    TypeDescription schema = reader.getSchema();
    VectorizedRowBatch batch = schema.createRowBatch();
    out.append('[');
    try (RecordReader rows = reader.rows()) {
      while (rows.nextBatch(batch)) {
        for (int at = 0; at < batch.size; at += 1) {
          if (out.length() > 1) out.append(',');
          printRow(batch, schema, at, out);
        }
      }
    }
    out.append(']');
  }

  private static void row(Reader reader, long number, StringBuilder out) throws IOException {
    TypeDescription schema = reader.getSchema();
    VectorizedRowBatch batch = schema.createRowBatch();
    try (RecordReader rows = reader.rows()) {
      rows.seekToRow(number);
      rows.nextBatch(batch);
      printRow(batch, schema, 0, out);
    }
  }

  private static void search(Reader reader, String[] parts, StringBuilder out) throws IOException {
    TypeDescription schema = reader.getSchema();
    String column = parts[2];
    SearchArgument.Builder builder = SearchArgumentFactory.newBuilder().startAnd();
    TypeDescription type = schema.findSubtype(column);
    PredicateLeaf.Type kind = predicateType(type.getCategory());
    if (parts[3].equals("EQ")) builder.equals(column, kind, literal(kind, parts[4]));
    else builder.lessThan(column, kind, literal(kind, parts[4]));
    Reader.Options options = reader.options().searchArgument(builder.end().build(), new String[] {column});
    VectorizedRowBatch batch = schema.createRowBatch();
    int at = schema.getFieldNames().indexOf(column);
    out.append('[');
    try (RecordReader rows = reader.rows(options.allowSARGToFilter(false))) {
      while (rows.nextBatch(batch)) {
        for (int row = 0; row < batch.size; row += 1) {
          if (out.length() > 1) out.append(',');
          print(batch.cols[at], type, row, out);
        }
      }
    }
    out.append(']');
  }

  private static PredicateLeaf.Type predicateType(TypeDescription.Category category) {
    return switch (category) {
      case BYTE, SHORT, INT, LONG -> PredicateLeaf.Type.LONG;
      case FLOAT, DOUBLE -> PredicateLeaf.Type.FLOAT;
      case DECIMAL -> PredicateLeaf.Type.DECIMAL;
      case DATE -> PredicateLeaf.Type.DATE;
      case TIMESTAMP -> PredicateLeaf.Type.TIMESTAMP;
      case BOOLEAN -> PredicateLeaf.Type.BOOLEAN;
      default -> PredicateLeaf.Type.STRING;
    };
  }

  private static Object literal(PredicateLeaf.Type kind, String text) {
    return switch (kind) {
      case LONG -> Long.valueOf(text);
      case FLOAT -> Double.valueOf(text);
      case DECIMAL -> new HiveDecimalWritable(HiveDecimal.create(text));
      case DATE -> Date.valueOf(text);
      case TIMESTAMP -> Timestamp.from(Instant.parse(text));
      case BOOLEAN -> Boolean.valueOf(text);
      default -> text;
    };
  }

  private static void describe(Reader reader, StringBuilder out) throws IOException {
    out.append("{\"rows\":").append(reader.getNumberOfRows());
    out.append(",\"schema\":");
    quote(reader.getSchema().toString(), out);
    out.append(",\"version\":");
    quote(reader.getFileVersion().getName(), out);
    out.append(",\"compression\":");
    quote(reader.getCompressionKind().toString(), out);
    out.append(",\"stripes\":[");
    for (StripeInformation stripe : reader.getStripes()) {
      if (stripe.getStripeId() > 0) out.append(',');
      out.append("{\"offset\":").append(stripe.getOffset()).append(",\"length\":").append(stripe.getLength());
      out.append(",\"rows\":").append(stripe.getNumberOfRows()).append('}');
    }
    out.append("],\"statistics\":");
    statistics(reader.getStatistics(), out);
    out.append(",\"stripeStatistics\":[");
    boolean isFirst = true;
    for (StripeStatistics stripe : reader.getStripeStatistics()) {
      if (!isFirst) out.append(',');
      isFirst = false;
      statistics(stripe.getColumnStatistics(), out);
    }
    out.append("]}");
  }

  private static void statistics(ColumnStatistics[] columns, StringBuilder out) {
    out.append('[');
    for (int at = 0; at < columns.length; at += 1) {
      if (at > 0) out.append(',');
      quote(columns[at].toString(), out);
    }
    out.append(']');
  }

  private static void printRow(VectorizedRowBatch batch, TypeDescription schema, int at, StringBuilder out) {
    out.append('[');
    for (int column = 0; column < batch.cols.length; column += 1) {
      if (column > 0) out.append(',');
      print(batch.cols[column], schema.getChildren().get(column), at, out);
    }
    out.append(']');
  }

  private static void print(ColumnVector vector, TypeDescription type, int index, StringBuilder out) {
    int at = vector.isRepeating ? 0 : index;
    if (!vector.noNulls && vector.isNull[at]) {
      out.append("null");
      return;
    }
    switch (type.getCategory()) {
      case BOOLEAN -> out.append(((LongColumnVector) vector).vector[at] != 0);
      case BYTE, SHORT, INT, LONG, DATE -> quote(Long.toString(((LongColumnVector) vector).vector[at]), out);
      case FLOAT, DOUBLE -> printDouble(((DoubleColumnVector) vector).vector[at], out);
      case STRING, CHAR, VARCHAR -> quote(text((BytesColumnVector) vector, at), out);
      case BINARY -> printBinary((BytesColumnVector) vector, at, out);
      case TIMESTAMP -> printTimestamp((TimestampColumnVector) vector, at, out);
      case DECIMAL -> {
        HiveDecimal decimal = ((DecimalColumnVector) vector).vector[at].getHiveDecimal();
        quote(decimal.bigDecimalValue().setScale(type.getScale()).unscaledValue().toString(), out);
      }
      case LIST -> printList((ListColumnVector) vector, type, at, out);
      case MAP -> printMap((MapColumnVector) vector, type, at, out);
      case STRUCT -> {
        ColumnVector[] fields = ((StructColumnVector) vector).fields;
        out.append('[');
        for (int field = 0; field < fields.length; field += 1) {
          if (field > 0) out.append(',');
          print(fields[field], type.getChildren().get(field), at, out);
        }
        out.append(']');
      }
      default -> throw new IllegalArgumentException(type.toString());
    }
  }

  private static void printList(ListColumnVector vector, TypeDescription type, int at, StringBuilder out) {
    out.append('[');
    for (long element = 0; element < vector.lengths[at]; element += 1) {
      if (element > 0) out.append(',');
      print(vector.child, type.getChildren().get(0), (int) (vector.offsets[at] + element), out);
    }
    out.append(']');
  }

  private static void printMap(MapColumnVector vector, TypeDescription type, int at, StringBuilder out) {
    out.append('[');
    for (long element = 0; element < vector.lengths[at]; element += 1) {
      out.append(element > 0 ? ",[" : "[");
      print(vector.keys, type.getChildren().get(0), (int) (vector.offsets[at] + element), out);
      out.append(',');
      print(vector.values, type.getChildren().get(1), (int) (vector.offsets[at] + element), out);
      out.append(']');
    }
    out.append(']');
  }

  private static void printDouble(double value, StringBuilder out) {
    if (Double.isNaN(value)) quote("NaN", out);
    else quote(String.format("%016x", Double.doubleToRawLongBits(value)), out);
  }

  private static void printTimestamp(TimestampColumnVector vector, int at, StringBuilder out) {
    BigInteger seconds = BigInteger.valueOf(Math.floorDiv(vector.time[at], 1000L));
    BigInteger nanos = seconds.multiply(BigInteger.valueOf(1_000_000_000L)).add(BigInteger.valueOf(vector.nanos[at]));
    quote(nanos.toString(), out);
  }

  private static String text(BytesColumnVector vector, int at) {
    return new String(vector.vector[at], vector.start[at], vector.length[at], StandardCharsets.UTF_8);
  }

  private static void printBinary(BytesColumnVector vector, int at, StringBuilder out) {
    out.append('"');
    for (int byteAt = 0; byteAt < vector.length[at]; byteAt += 1)
      out.append(String.format("%02x", vector.vector[at][vector.start[at] + byteAt]));
    out.append('"');
  }

  private static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int at = 0; at < text.length(); at += 1) {
      char unit = text.charAt(at);
      if (unit == '"' || unit == '\\') out.append('\\').append(unit);
      else if (unit < ' ') out.append(String.format("\\u%04x", (int) unit));
      else out.append(unit);
    }
    out.append('"');
  }
}
