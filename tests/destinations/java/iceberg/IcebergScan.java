import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.iceberg.FileScanTask;
import org.apache.iceberg.Files;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.types.Conversions;
import org.apache.iceberg.types.Types;

/**
 * What Iceberg's own reader makes of a table's manifests. Arguments: the catalog's URI, its token, a folder with the files of
 * S3 by bucket and key, the table, and a column with a text that it has to be at least, for the files that a filter leaves. Prints a line for each manifest, and for
 * each file: its partition, rows, and the bounds and nulls of id, place and price.
 */
public class IcebergScan {
  public static void main(String[] arguments) throws Exception {
    RESTCatalog catalog = new RESTCatalog();
    catalog.initialize(
        "tests",
        Map.of(
            "uri", arguments[0],
            "token", arguments[1],
            "io-impl", LocalFiles.class.getName(),
            "folder", arguments[2]));
    Table table = catalog.loadTable(TableIdentifier.parse(arguments[3]));
    for (ManifestFile manifest : table.currentSnapshot().allManifests(table.io()))
      System.out.println("manifest " + manifest.addedFilesCount() + " " + manifest.addedRowsCount());
    Expression filter = Expressions.greaterThanOrEqual(arguments[4], arguments[5]);
    try (CloseableIterable<FileScanTask> files = table.newScan().filter(filter).planFiles()) {
      for (FileScanTask ignored : files) System.out.println("filtered");
    }
    try (CloseableIterable<FileScanTask> files = table.newScan().includeColumnStats().planFiles()) {
      for (FileScanTask task : files) print(task, table);
    }
    catalog.close();
  }

  /** Reads s3://bucket/key as folder/bucket/key. */
  public static class LocalFiles implements FileIO {
    private String folder;

    @Override
    public void initialize(Map<String, String> properties) {
      folder = properties.get("folder");
    }

    @Override
    public InputFile newInputFile(String path) {
      return Files.localInput(folder + path.substring("s3:/".length()));
    }

    @Override
    public OutputFile newOutputFile(String path) {
      throw new UnsupportedOperationException(path);
    }

    @Override
    public void deleteFile(String path) {
      throw new UnsupportedOperationException(path);
    }
  }

  private static void print(FileScanTask task, Table table) {
    StringBuilder line = new StringBuilder("file ");
    line.append(task.spec().partitionToPath(task.file().partition())).append(' ').append(task.file().recordCount());
    for (var bound : new TreeMap<>(task.file().lowerBounds()).entrySet()) {
      Types.NestedField field = table.schema().findField(bound.getKey());
      if (!Set.of("id", "place", "price").contains(field.name())) continue;
      ByteBuffer upper = task.file().upperBounds().get(bound.getKey());
      Object least = Conversions.fromByteBuffer(field.type(), bound.getValue());
      Object most = Conversions.fromByteBuffer(field.type(), upper);
      long nulls = task.file().nullValueCounts().get(bound.getKey());
      line.append(' ').append(field.name()).append('=').append(least).append("..").append(most).append('-').append(nulls);
    }
    System.out.println(line);
  }
}
