package dev.vivarium.image.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.sqlite.SQLiteJDBCLoader;

/**
 * Keeps SQLite's native library in the store. Left to itself the driver unpacks it anew for every
 * process and reads the whole of /tmp for what earlier ones left, which costs more than all else
 * that a short command does.
 */
final class SqliteLibrary {
  private static final String RESOURCE = "/org/sqlite/native/Linux/x86_64/libsqlitejdbc.so";

  private SqliteLibrary() {}

  /** Tells the driver where its library is; a choice that the user made already stands. */
  static void prepare(Path root) throws IOException {
    if (System.getProperty("org.sqlite.lib.path") != null
        || !System.getProperty("os.arch").equals("amd64")) {
      return;
    }
    Path directory = root.resolve("native");
    Path library = directory.resolve("libsqlitejdbc-" + SQLiteJDBCLoader.getVersion() + ".so");
    if (!Files.isRegularFile(library) && !unpack(directory, library)) {
      return;
    }
    System.setProperty("org.sqlite.tmpdir", directory.toString());
    System.setProperty("org.sqlite.lib.path", directory.toString());
    System.setProperty("org.sqlite.lib.name", library.getFileName().toString());
  }

  private static boolean unpack(Path directory, Path library) throws IOException {
    try (InputStream in = SQLiteJDBCLoader.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        return false;
      }
      Files.createDirectories(directory);
      Path temporary = Files.createTempFile(directory, "unpacking", ".tmp");
      try {
        try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
          in.transferTo(Channels.newOutputStream(out));
          out.force(true);
        }
        Files.move(temporary, library, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
      return true;
    }
  }
}
