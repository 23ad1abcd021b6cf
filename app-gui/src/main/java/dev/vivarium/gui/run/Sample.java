package dev.vivarium.gui.run;

import dev.vivarium.gui.frame.Workbench;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/** Downloads to try the opening of files with, for who has none at hand. */
public enum Sample {
  /** Makes itself start again at each login, and tells somebody outside. */
  INSTALLER("free-codec-installer.sh"),

  /** Is called a picture, is a script, and looks for keys. */
  PICTURE("holiday.jpg");

  private final String file;

  Sample(String file) {
    this.file = file;
  }

  /** As in the messages. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Writes it where a download would be; it is not made executable. */
  public File write(Workbench bench) throws IOException {
    return write(bench.directories().state().resolve("samples"));
  }

  File write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Path path = folder.resolve(file);
    try (InputStream in = Sample.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IOException("the sample is not in this build: " + file);
      }
      Files.copy(in, path, StandardCopyOption.REPLACE_EXISTING);
    }
    return path.toFile();
  }
}
