package dev.vivarium.image.erofs;

/**
 * What one layer may cost.
 *
 * @param maxTarBytes length of the uncompressed tar
 * @param maxEntries files, directories and links, implied directories included
 * @param maxMetadataBytes names, link targets and extended attributes together
 * @param memory shared by all layers that are made at once
 */
public record LayerLimits(
    long maxTarBytes, long maxEntries, long maxMetadataBytes, EntryMemory memory) {
  private static final long MOST_ENTRIES = 10_000_000;

  /** An entry costs about this much memory while its layer is written. */
  static final long BYTES_PER_ENTRY = 400;

  /** With as much memory as the other limits allow. */
  public LayerLimits(long maxTarBytes, long maxEntries, long maxMetadataBytes) {
    this(maxTarBytes, maxEntries, maxMetadataBytes, new EntryMemory(Long.MAX_VALUE / 2));
  }

  /** What any layer may unpack to; a larger one may be so many times its blob. */
  private static final long FREE = 1L << 30;

  private static final long MOST_TIMES = 200;

  /** The same, but for what a blob of this length may unpack to. */
  public LayerLimits forBlob(long length) {
    long most =
        Math.max(FREE, length > Long.MAX_VALUE / MOST_TIMES ? Long.MAX_VALUE : length * MOST_TIMES);
    return new LayerLimits(Math.min(maxTarBytes, most), maxEntries, maxMetadataBytes, memory);
  }

  /**
   * 64 GiB, and as many entries as half of this process's memory holds, at most 10 million. One of
   * these is for all layers of an image.
   */
  public static LayerLimits standard() {
    long memory = Runtime.getRuntime().maxMemory() / 2;
    return new LayerLimits(
        64L << 30,
        Math.min(MOST_ENTRIES, Math.max(100_000, memory / BYTES_PER_ENTRY)),
        memory,
        new EntryMemory(memory));
  }
}
