package dev.vivarium.sentry.vfs;

/** Receives directory entries; getdents64 packs them into guest memory. */
public interface DirSink {
  /**
   * Takes one entry.
   *
   * @param nextOffset the position after this entry ({@code d_off})
   * @param type DT_* of dirent.h
   * @return false if there was no room, and the entry is to be offered again next time
   */
  boolean add(String name, long ino, long nextOffset, int type);

  /**
   * Takes entries that are packed already.
   *
   * @param first of those offered; all behind it are
   * @return how many it had room for; negative if it wants them one by one
   */
  default int addPacked(PackedListing listing, int first) {
    return -1;
  }
}
