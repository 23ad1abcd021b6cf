package dev.vivarium.gui.frame;

import dev.vivarium.engine.state.Reason;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import javafx.scene.Node;
import javafx.stage.FileChooser;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a screen shows into a file that the user chooses. Where {@code vivarium.gui.exports}
 * names a folder it goes there unasked: a test cannot click through the system's own dialog.
 */
public final class Exports {
  private Exports() {}

  /** Makes the bytes for a file; in the background. */
  public interface Contents {
    /** What goes into it, in the form that its name asks for. */
    byte[] forFile(File file) throws IOException;
  }

  /**
   * A text as a cell of a table of commas. What a sandbox chose is not to become a formula in
   * somebody's spreadsheet.
   */
  public static String cell(String text) {
    String safe = text.isEmpty() || "=+-@\t\r".indexOf(text.charAt(0)) < 0 ? text : "'" + text;
    return '"' + safe.replace("\"", "\"\"") + '"';
  }

  /**
   * Asks where to, and writes.
   *
   * @param near whatever is in the window
   * @param name that is proposed
   */
  public static void save(Workbench bench, Node near, String title, String name, Contents of) {
    File file = choose(near, title, name);
    if (file != null) {
      Callable<File> work = () -> write(file, of);
      bench
          .background()
          .run(
              work,
              done -> bench.frame().tell(Messages.text("exported", done)),
              bench.frame()::tell);
    }
  }

  private static @Nullable File choose(Node near, String title, String name) {
    String folder = System.getProperty("vivarium.gui.exports", "");
    if (!folder.isEmpty()) {
      return Path.of(folder, name).toFile();
    }
    FileChooser chooser = new FileChooser();
    chooser.setTitle(title);
    chooser.setInitialFileName(name);
    return chooser.showSaveDialog(near.getScene().getWindow());
  }

  private static File write(File file, Contents of) throws IOException {
    try {
      Files.write(file.toPath(), of.forFile(file));
      return file;
    } catch (IOException e) {
      throw new IOException(file + ": " + Reason.of(e) + "; choose another folder", e);
    }
  }
}
