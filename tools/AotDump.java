import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.CRC32;

/**
 * Runs the JVM that writes an AOT cache, so that the same configuration gives the same bytes. Most
 * of that the flags of the dump do: no time-sliced heap ({@code -XX:-UseTLAB}), no hash codes from
 * random numbers ({@code -XX:hashCode=3}), no compiler threads ({@code -Xint}), no random addresses
 * ({@code setarch -R}). What is left are the times at which soft references were last used, in
 * milliseconds since the machine booted; here they become 0, and the checksums follow.
 *
 * <p>Usage: java AotDump.java CACHE COMMAND...
 */
final class AotDump {
  private static final int MAGIC = 0xf00baba2;
  private static final int CRC = 4;
  private static final int HEADER_SIZE = 12;
  private static final int CHECKED_HEADER = 16;
  private static final int REGIONS = 0x18;
  private static final int REGION = 96;
  private static final int MAX_REGIONS = 5;

  /** Of a region: whether it is the heap's, where it lies in the file, how long it is. */
  private static final int IS_HEAP = 12;

  private static final int OFFSET = 24;
  private static final int USED = 40;

  /** Every collection of garbage in the dump sets the clock of soft references once. */
  private static final int MAX_TIMES = 16;

  private AotDump() {}

  public static void main(String[] words) throws Exception {
    Path cache = Path.of(words[0]);
    List<String> command = Arrays.asList(words).subList(1, words.length);
    long before = System.nanoTime() / 1_000_000;
    int code = new ProcessBuilder(command).inheritIO().start().waitFor();
    long after = System.nanoTime() / 1_000_000 + 1;
    if (code != 0) {
      System.exit(code);
    }
    byte[] bytes = Files.readAllBytes(cache);
    clear(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), bytes, before, after);
    Files.write(cache, bytes);
  }

  private static void clear(ByteBuffer file, byte[] bytes, long before, long after)
      throws IOException {
    if (file.getInt(0) != MAGIC) {
      throw new IOException("not an AOT cache of this JVM");
    }
    int headerSize = file.getInt(HEADER_SIZE);
    check(file, bytes, CRC, CHECKED_HEADER, headerSize - CHECKED_HEADER);
    TreeSet<Long> times = new TreeSet<>();
    for (int r = 0; r < MAX_REGIONS; r++) {
      int region = REGIONS + r * REGION;
      if (file.getInt(region + IS_HEAP) == 0) {
        continue;
      }
      int offset = Math.toIntExact(file.getLong(region + OFFSET));
      int used = Math.toIntExact(file.getLong(region + USED));
      check(file, bytes, region, offset, used);
      for (int at = offset; at + Long.BYTES <= offset + used; at += Long.BYTES) {
        long value = file.getLong(at);
        if (value >= before && value <= after) {
          times.add(value);
          file.putLong(at, 0);
        }
      }
      file.putInt(region, crc(bytes, offset, used));
    }
    if (times.size() > MAX_TIMES) {
      throw new IOException("these are not the times of soft references: " + times);
    }
    file.putInt(CRC, crc(bytes, CHECKED_HEADER, headerSize - CHECKED_HEADER));
  }

  /** That what we take for a checksum is one. */
  private static void check(ByteBuffer file, byte[] bytes, int field, int offset, int length)
      throws IOException {
    if (file.getInt(field) != crc(bytes, offset, length)) {
      throw new IOException(
          "this JVM's caches have another format; the checksum is not at " + field);
    }
  }

  private static int crc(byte[] bytes, int offset, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }
}
