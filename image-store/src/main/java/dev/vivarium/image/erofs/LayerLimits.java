package dev.vivarium.image.erofs;

/**
 * What one layer may cost.
 *
 * @param maxTarBytes length of the uncompressed tar
 * @param maxEntries files, directories and links, implied directories included
 * @param maxMetadataBytes names, link targets and extended attributes together
 */
public record LayerLimits(long maxTarBytes, long maxEntries, long maxMetadataBytes) {
  private static final long MOST_ENTRIES = 10_000_000;

  /** An entry costs about this much memory while its layer is written. */
  private static final long BYTES_PER_ENTRY = 400;

  /** 64 GiB, and as many entries as half of this process's memory holds, at most 10 million. */
  public static LayerLimits standard() {
    long memory = Runtime.getRuntime().maxMemory() / 2;
    return new LayerLimits(
        64L << 30, Math.min(MOST_ENTRIES, Math.max(100_000, memory / BYTES_PER_ENTRY)), memory);
  }
}
