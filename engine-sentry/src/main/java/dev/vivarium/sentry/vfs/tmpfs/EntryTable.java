package dev.vivarium.sentry.vfs.tmpfs;

import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryListing;
import dev.vivarium.sentry.vfs.RepeatedListing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one directory, by name and in the order in which they came. Each has a position
 * that never changes, so that a listing can go on after entries came and went.
 */
public final class EntryTable {
  /** One name. */
  public static final class Entry {
    final String name;
    final long position;

    /** What it names; null for a whiteout, and for a name of a lower directory. */
    final @Nullable MemInode inode;

    /** Type (DT_*) and number of a lower directory's entry, for listings. */
    final int lowerType;

    final long lowerIno;

    /** Whether a lower directory has this name too. */
    final boolean hidesLower;

    private boolean removed;

    Entry(
        String name,
        long position,
        @Nullable MemInode inode,
        int lowerType,
        long lowerIno,
        boolean hidesLower) {
      this.name = name;
      this.position = position;
      this.inode = inode;
      this.lowerType = lowerType;
      this.lowerIno = lowerIno;
      this.hidesLower = hidesLower;
    }

    /** Whether it says that there is no such name although a lower directory has it. */
    public boolean isWhiteout() {
      return inode == null && lowerType == WHITEOUT;
    }

    /** Whether a lower directory has this name too. */
    public boolean hidesLower() {
      return hidesLower;
    }

    public String name() {
      return name;
    }

    public @Nullable MemInode inode() {
      return inode;
    }
  }

  private static final int WHITEOUT = -1;

  /** How many positions each directory of a stack of overlays has for its own names. */
  private static final int LEVEL_SHIFT = 32;

  private final Map<String, Entry> byName = new HashMap<>();

  /** In ascending order of their positions; without whiteouts. */
  private ArrayList<Entry> ordered = new ArrayList<>();

  private final RepeatedListing listing =
      new RepeatedListing() {
        @Override
        protected long each(long position, DirSink sink) {
          return emitEach(position, sink);
        }

        @Override
        protected int count() {
          return live;
        }
      };

  private int live;
  private long nextPosition = DirectoryListing.FIRST_ENTRY;

  /**
   * To be called before anything else: there is a lower directory, whose entries keep their
   * positions.
   *
   * @param level how many lower directories there are below each other
   */
  public void standOnLower(int level) {
    nextPosition = (long) level << LEVEL_SHIFT;
  }

  /** Whether nothing was ever put here: then the lower directory is all there is to show. */
  public boolean isUntouched() {
    return byName.isEmpty();
  }

  public @Nullable Entry get(String name) {
    return byName.get(name);
  }

  /** Whether no name is visible. */
  public boolean isEmpty() {
    return live == 0;
  }

  void put(String name, MemInode inode, boolean hidesLower) {
    Entry e = new Entry(name, nextPosition++, inode, 0, 0, hidesLower);
    replace(byName.put(name, e));
    ordered.add(e);
    listing.changed();
    live++;
  }

  /** An entry of a lower directory. */
  public record Lower(String name, int type, long ino, long position) {}

  /** Adds the entries of the lower directory, in its order, but for names that are here already. */
  public void putLower(List<Lower> all) {
    ArrayList<Entry> merged = new ArrayList<>(all.size() + ordered.size());
    for (Lower l : all) {
      if (!byName.containsKey(l.name)) {
        Entry e = new Entry(l.name, l.position, null, l.type, l.ino, true);
        byName.put(l.name, e);
        merged.add(e);
        live++;
      }
    }
    merged.addAll(ordered);
    ordered = merged;
    listing.changed();
  }

  void whiteout(String name) {
    replace(byName.put(name, new Entry(name, 0, null, WHITEOUT, 0, true)));
  }

  void remove(String name) {
    replace(byName.remove(name));
  }

  /** All entries, whiteouts too, for those who show what was changed. */
  public Iterable<Entry> all() {
    return byName.values();
  }

  private void replace(@Nullable Entry old) {
    if (old == null || old.isWhiteout()) {
      return;
    }
    listing.changed();
    old.removed = true;
    live--;
    if (ordered.size() > 2 * live + 16) {
      ArrayList<Entry> kept = new ArrayList<>(live + 16);
      for (Entry e : ordered) {
        if (!e.removed) {
          kept.add(e);
        }
      }
      ordered = kept;
    }
  }

  /** As {@link DirectoryListing#list}. */
  long emit(long position, DirSink sink) {
    return listing.list(position, sink);
  }

  private long emitEach(long position, DirSink sink) {
    long at = position;
    for (int i = indexOf(position); i < ordered.size(); i++) {
      Entry e = ordered.get(i);
      if (e.removed) {
        continue;
      }
      MemInode inode = e.inode;
      int type = inode == null ? e.lowerType : DirectoryListing.typeOf(inode.mode);
      long ino = inode == null ? e.lowerIno : inode.ino;
      if (!sink.add(e.name, ino, e.position + 1, type)) {
        return e.position;
      }
      at = e.position + 1;
    }
    return Math.max(at, position);
  }

  /** Index of the first entry whose position is at least this. */
  private int indexOf(long position) {
    int low = 0;
    int high = ordered.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ordered.get(middle).position < position) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
