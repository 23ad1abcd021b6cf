package dev.vivarium.desktop;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javafx.scene.image.Image;
import javafx.scene.image.PixelReader;

/** Writes pictures without AWT. */
final class Png {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

  private Png() {}

  static void write(Image image, Path file) throws IOException {
    int width = (int) image.getWidth();
    int height = (int) image.getHeight();
    ByteArrayOutputStream pixels = new ByteArrayOutputStream();
    Deflater deflater = new Deflater(9);
    try (DeflaterOutputStream out = new DeflaterOutputStream(pixels, deflater)) {
      PixelReader reader = image.getPixelReader();
      byte[] line = new byte[1 + width * 3];
      byte[] above = new byte[line.length];
      byte[] filtered = new byte[line.length];
      filtered[0] = 2; // the difference to the line above: flat surfaces become nothing
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int argb = reader.getArgb(x, y);
          line[1 + 3 * x] = (byte) (argb >> 16);
          line[2 + 3 * x] = (byte) (argb >> 8);
          line[3 + 3 * x] = (byte) argb;
        }
        for (int i = 1; i < line.length; i++) {
          filtered[i] = (byte) (line[i] - above[i]);
        }
        out.write(filtered);
        System.arraycopy(line, 0, above, 0, line.length);
      }
    } finally {
      deflater.end();
    }
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    DataOutputStream fields = new DataOutputStream(head);
    fields.writeInt(width);
    fields.writeInt(height);
    fields.write(new byte[] {8, 2, 0, 0, 0});
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(SIGNATURE);
    chunk(all, "IHDR", head.toByteArray());
    chunk(all, "IDAT", pixels.toByteArray());
    chunk(all, "IEND", new byte[0]);
    Files.createDirectories(file.getParent());
    Files.write(file, all.toByteArray());
  }

  private static void chunk(ByteArrayOutputStream to, String type, byte[] content)
      throws IOException {
    DataOutputStream out = new DataOutputStream(to);
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    out.writeInt(content.length);
    out.write(name);
    out.write(content);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(content);
    out.writeInt((int) crc.getValue());
  }
}
