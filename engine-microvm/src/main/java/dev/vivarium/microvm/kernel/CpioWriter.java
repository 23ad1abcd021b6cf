package dev.vivarium.microvm.kernel;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes an initramfs: the "newc" format of cpio(5), files owned by root. */
final class CpioWriter {
  private final OutputStream out;
  private int inode = 1;
  private long written;

  CpioWriter(OutputStream out) {
    this.out = out;
  }

  void directory(String name) throws IOException {
    entry(name, 040755, 2, 0, 0, new byte[0]);
  }

  void file(String name, boolean executable, byte[] content) throws IOException {
    entry(name, executable ? 0100755 : 0100644, 1, 0, 0, content);
  }

  void characterDevice(String name, int major, int minor) throws IOException {
    entry(name, 020600, 1, major, minor, new byte[0]);
  }

  /** Ends the archive. */
  void end() throws IOException {
    inode = 0;
    entry("TRAILER!!!", 0, 1, 0, 0, new byte[0]);
    out.flush();
  }

  private void entry(String name, int mode, int links, int major, int minor, byte[] content)
      throws IOException {
    byte[] path = name.getBytes(StandardCharsets.US_ASCII);
    String header =
        "070701"
            + String.format(
                "%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
                inode++,
                mode,
                0,
                0,
                links,
                0,
                content.length,
                0,
                0,
                major,
                minor,
                path.length + 1,
                0);
    write(header.getBytes(StandardCharsets.US_ASCII));
    write(path);
    write(new byte[1]);
    pad();
    write(content);
    pad();
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }

  private void pad() throws IOException {
    write(new byte[(int) (-written & 3)]);
  }
}
