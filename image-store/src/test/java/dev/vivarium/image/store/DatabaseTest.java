package dev.vivarium.image.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.JDBC;

/** The index as several who open it at once find it. */
final class DatabaseTest {
  @TempDir Path directory;

  /** SQLite does not wait, whatever its busy timeout, to change the journal's mode. */
  @Test
  void anOpeningWaitsForAnother() throws Exception {
    Path file = directory.resolve("index.db");
    CompletableFuture<Integer> opened;
    try (Connection other = JDBC.createConnection("jdbc:sqlite:" + file, new Properties());
        Statement statement = other.createStatement()) {
      statement.execute("BEGIN IMMEDIATE");
      opened =
          CompletableFuture.supplyAsync(() -> {
            try (Database database = Database.open(file)) {
              return database.read(
                  d -> d.query("PRAGMA user_version", row -> row.getInt(1)).getFirst());
            } catch (Exception e) {
              throw new IllegalStateException(e);
            }
          });
      Thread.sleep(200);
      statement.execute("COMMIT");
    }
    assertEquals(Schema.VERSION, opened.get(60, TimeUnit.SECONDS));
  }
}
