package dev.vivarium.image.tar;

import java.util.Map;

/**
 * One entry of a tar stream, extensions applied. Names have one byte per char.
 *
 * @param name as written
 * @param type one of the {@code TYPE_} characters
 * @param mode permission bits
 * @param uid 32 bits, unsigned
 * @param gid 32 bits, unsigned
 * @param size of the content that follows; 0 for all but regular files
 * @param mtimeSeconds since the epoch, may be negative
 * @param mtimeNanos 0 to 999,999,999
 * @param linkName target of a hard or symbolic link, otherwise empty
 * @param xattrs by full name
 */
public record TarEntry(
    String name,
    char type,
    int mode,
    int uid,
    int gid,
    long size,
    long mtimeSeconds,
    int mtimeNanos,
    String linkName,
    int devMajor,
    int devMinor,
    Map<String, byte[]> xattrs) {
  public static final char TYPE_FILE = '0';
  public static final char TYPE_HARD_LINK = '1';
  public static final char TYPE_SYMLINK = '2';
  public static final char TYPE_CHAR_DEVICE = '3';
  public static final char TYPE_BLOCK_DEVICE = '4';
  public static final char TYPE_DIRECTORY = '5';
  public static final char TYPE_FIFO = '6';
}
