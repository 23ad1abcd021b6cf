package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteErrorCode;

/**
 * The connection to the index. Every change is one immediate transaction: SQLite's write lock,
 * which all processes share, is also what orders changes of files that go with rows. One thread at
 * a time.
 */
final class Database implements AutoCloseable {
  private static final int BUSY_MILLIS = 60_000;

  private final Path file;
  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock();

  private Database(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  static Database open(Path file) throws ImageException {
    try {
      Properties properties = new Properties();
      properties.setProperty("busy_timeout", Integer.toString(BUSY_MILLIS));
      Connection connection = JDBC.createConnection("jdbc:sqlite:" + file, properties);
      Database database = new Database(file, connection);
      try {
        database.prepare();
        return database;
      } catch (SQLException | ImageException | RuntimeException e) {
        database.close();
        throw e;
      }
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }

  /** Work inside a transaction. */
  interface Work<T> {
    T run(Database database) throws SQLException, ImageException;
  }

  /** Runs the work in one transaction that has the write lock from its start. */
  <T extends @Nullable Object> T write(Work<T> work) throws ImageException {
    lock.lock();
    try {
      execute("BEGIN IMMEDIATE");
      boolean done = false;
      try {
        T result = work.run(this);
        execute("COMMIT");
        done = true;
        return result;
      } finally {
        if (!done) {
          try {
            execute("ROLLBACK");
          } catch (SQLException e) {
            // the failure that led here is the one to tell
          }
        }
      }
    } catch (SQLException e) {
      throw failure(file, e);
    } finally {
      lock.unlock();
    }
  }

  /** Runs the work on one state of the database. */
  <T extends @Nullable Object> T read(Work<T> work) throws ImageException {
    lock.lock();
    try {
      execute("BEGIN");
      try {
        return work.run(this);
      } finally {
        execute("COMMIT");
      }
    } catch (SQLException e) {
      throw failure(file, e);
    } finally {
      lock.unlock();
    }
  }

  /** A row of a result. */
  interface RowReader<T> {
    T read(ResultSet row) throws SQLException;
  }

  <T> List<T> query(String sql, RowReader<T> reader, @Nullable Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, parameters);
      List<T> result = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          result.add(reader.read(rows));
        }
      }
      return result;
    }
  }

  /** Changes rows; says how many. */
  int update(String sql, @Nullable Object... parameters) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, parameters);
      return statement.executeUpdate();
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // nothing is pending: every transaction is over
    }
  }

  private static void bind(PreparedStatement statement, @Nullable Object... parameters)
      throws SQLException {
    for (int i = 0; i < parameters.length; i++) {
      statement.setObject(i + 1, parameters[i]);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void prepare() throws SQLException, ImageException {
    execute("PRAGMA foreign_keys = ON");
    execute("PRAGMA synchronous = FULL");
    if (version() < Schema.VERSION) {
      useWriteAheadLog();
      write(database -> {
        // Another process may have been faster.
        for (int from = version(); from < Schema.VERSION; from++) {
          for (String statement : Schema.MIGRATIONS.get(from)) {
            execute(statement);
          }
        }
        execute("PRAGMA user_version = " + Schema.VERSION);
        return null;
      });
    } else if (version() > Schema.VERSION) {
      throw new ImageException(
          Kind.STORE,
          "the image store was written by a newer version: "
              + file
              + "; upgrade this program, or set VIVARIUM_STORE to another directory");
    }
  }

  /**
   * Waits for whoever makes the index at the same time. SQLite does not: it reads the file's mode
   * before it asks for the write lock, and asks no busy handler for that of a transaction that has
   * begun to read (sqlite3_busy_handler).
   */
  private void useWriteAheadLog() throws SQLException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(BUSY_MILLIS);
    while (true) {
      try {
        execute("PRAGMA journal_mode = WAL");
        return;
      } catch (SQLException e) {
        boolean busy = e.getErrorCode() == SQLiteErrorCode.SQLITE_BUSY.code;
        if (!busy || System.nanoTime() - deadline > 0) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }
  }

  private int version() throws SQLException {
    return query("PRAGMA user_version", row -> row.getInt(1)).getFirst();
  }

  private static ImageException failure(Path file, SQLException e) {
    String message = String.valueOf(e.getMessage());
    String advice =
        message.contains("SQLITE_FULL")
            ? "free some space on the disk"
            : "check that the directory can be written and that the disk is not full";
    return new ImageException(
        Kind.STORE, "the image store's index failed: " + file + ": " + message + "; " + advice, e);
  }
}
