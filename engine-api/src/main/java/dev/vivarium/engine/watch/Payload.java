package dev.vivarium.engine.watch;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * The texts and bytes of one event, as they lie in the ring: items of a tag (1 byte: the argument
 * that it belongs to, or what it is), a type (1 byte), a length (2 bytes, little endian) and so
 * many bytes. Reused from event to event: filling it allocates nothing.
 */
public final class Payload {
  /** No event has more. */
  public static final int MAX = 8192;

  static final int HEADER = 4;

  /** Bytes as they were in the guest's memory. */
  public static final int BYTES = 1;

  /** A text of the guest's, such as a path: any bytes. */
  public static final int TEXT = 2;

  /** A text that did not fit whole. */
  public static final int CUT_TEXT = 3;

  /** Bytes of which there were more. */
  public static final int CUT_BYTES = 4;

  /** The directory that a relative path of an argument is relative to. */
  public static final int DIRECTORY = 5;

  /** The path of the file of a descriptor that an argument is. */
  public static final int FILE_PATH = 6;

  /** Texts of a list, one item each; a last one of no bytes and this type if there were more. */
  public static final int ELEMENT = 7;

  public static final int MORE_ELEMENTS = 8;

  /** The address of a message. */
  public static final int NAME = 9;

  /** The control messages of a message, as many of their bytes as were kept. */
  public static final int CONTROL = 10;

  private final byte[] bytes = new byte[MAX];
  private final CRC32 checksum = new CRC32();
  private int length;

  /** Empties it. */
  public void clear() {
    length = 0;
  }

  public int length() {
    return length;
  }

  int checksum() {
    return checksum(checksum, bytes, 0, length);
  }

  static int checksum(CRC32 checksum, byte[] bytes, int from, int length) {
    checksum.reset();
    checksum.update(bytes, from, length);
    return (int) checksum.getValue();
  }

  byte[] array() {
    return bytes;
  }

  /** How many bytes an item may still have. */
  public int room() {
    return MAX - length - HEADER;
  }

  /**
   * Begins an item of at most {@code size} bytes, to be filled at {@link #at} and ended with {@link
   * #end}.
   *
   * @return whether there is room
   */
  public boolean begin(int size) {
    return size <= room();
  }

  /** Where the bytes of the item that was begun go. */
  public int at() {
    return length + HEADER;
  }

  /** The array that {@link #at} is a place in. */
  public byte[] target() {
    return bytes;
  }

  /** Ends the item that was begun. */
  public void end(int tag, int type, int size) {
    bytes[length] = (byte) tag;
    bytes[length + 1] = (byte) type;
    bytes[length + 2] = (byte) size;
    bytes[length + 3] = (byte) (size >> 8);
    length += HEADER + size;
  }

  /** Adds an item; one for which there is no room is left out. */
  public void add(int tag, int type, byte[] value, int from, int size) {
    if (begin(size)) {
      System.arraycopy(value, from, bytes, at(), size);
      end(tag, type, size);
    }
  }

  /** Adds a text of ours. */
  public void add(int tag, String text) {
    byte[] value = text.getBytes(StandardCharsets.UTF_8);
    add(tag, TEXT, value, 0, Math.min(value.length, 1024));
  }
}
