package dev.vivarium.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/** What the user types or pipes in, for a command that hands it on. */
public interface UserInput {
  /**
   * Waits for bytes.
   *
   * @param unwanted whether nobody waits any more; what is typed then is for whoever reads next
   * @return how many there are; -1 at the end, or if they are unwanted
   */
  int read(byte[] buffer, int length, BooleanSupplier unwanted) throws IOException;

  /** Standard input of a process that ends with its command, after which nobody reads. */
  static UserInput ofProcess() {
    FileInputStream in = new FileInputStream(FileDescriptor.in);
    return (buffer, length, unwanted) -> in.read(buffer, 0, length);
  }
}
