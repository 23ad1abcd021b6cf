package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.vfs.Inode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a directory of a mount that the host watches: its entries as they were listed,
 * and for each name that changed since then, what was learned of it anew. Believed until an event
 * says otherwise.
 */
final class WatchedDirectory {
  /** What {@link #find} knows of a name. */
  enum Known {
    /** Nothing: the host is to be asked. */
    NO,
    /** There is no such name. */
    ABSENT,
    /** As an entry of the listing, {@link #index}. */
    LISTED,
    /** As {@link #learned}. */
    LEARNED,
  }

  /** Names that changed, beyond which a listing is worth nothing any more. */
  private static final int MAX_CHANGED = 1024;

  /** In place of an inode: must be asked for. */
  private static final Object UNKNOWN = new Object();

  /** In place of an inode: is not there. */
  private static final Object NOTHING = new Object();

  final int watch;
  final DirListing listing;

  /** The directory's own attributes when they were last asked for. */
  private Attributes self;

  /** When it was listed. */
  final long madeNanos = System.nanoTime();

  private final GoferFs gofer;
  private final Object key;

  /** Names that are not as listed: an inode, {@link #NOTHING} or {@link #UNKNOWN}. */
  private final Map<String, Object> changed = new HashMap<>();

  private boolean forgotten;

  /** Whether names came or went. */
  private boolean namesChanged;

  /** Whether {@link #self} changed since. */
  private boolean selfChanged;

  /** What {@link #find} found. */
  int index;

  @Nullable Inode learned;

  /**
   * @param key what the file system keeps it under
   */
  WatchedDirectory(GoferFs gofer, Object key, int watch, DirListing listing, Attributes self) {
    this.gofer = gofer;
    this.key = key;
    this.watch = watch;
    this.listing = listing;
    this.self = self;
  }

  /**
   * Looks for a name. Not believed are two names of one file, as only one of them is told of; and
   * that a name is not there which the host may write in another way (Unicode's normal forms).
   */
  Known find(String name) {
    Object other = changed.get(name);
    learned = null;
    if (other == null) {
      index = listing.find(name);
      if (index < 0) {
        return isAscii(name) ? Known.ABSENT : Known.NO;
      }
      return isPlain(listing.mode(index), listing.nlink(index)) ? Known.LISTED : Known.NO;
    }
    if (other instanceof Inode inode) {
      learned = inode;
      return Known.LEARNED;
    }
    return other == NOTHING ? Known.ABSENT : Known.NO;
  }

  private static boolean isAscii(String name) {
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) > 0x7f) {
        return false;
      }
    }
    return true;
  }

  private static boolean isPlain(int mode, int nlink) {
    return (mode & Stat.S_IFMT) == Stat.S_IFDIR || nlink == 1;
  }

  /** What the host answered when it was asked for a name; null if it is not there. */
  void learn(String name, @Nullable Inode inode) {
    if (inode == null ? isAscii(name) : isPlain(inode.mode, inode.nlink)) {
      put(name, inode == null ? NOTHING : inode);
    }
  }

  private void put(String name, Object what) {
    changed.put(name, what);
    if (changed.size() > MAX_CHANGED) {
      forget();
    }
  }

  /** Whether the listing has the names that one would get now. */
  boolean isComplete() {
    return !namesChanged;
  }

  /** Whether the directory's own attributes are those that were last asked for. */
  boolean knowsItself() {
    return !selfChanged;
  }

  /** The directory's own attributes; true as long as {@link #knowsItself} is. */
  Attributes self() {
    return self;
  }

  /**
   * What the host has just answered when it was asked for the directory's own attributes. They are
   * kept here, as the inode that asked may be collected and made anew.
   */
  void learnItself(Attributes answer) {
    self = answer;
    selfChanged = false;
  }

  /** Takes notice of an event (inotify(7)). */
  void changed(int mask, String name) {
    if (name.isEmpty()) {
      if ((mask & HostWatches.IN_ATTRIB) != 0) {
        selfChanged = true;
      } else {
        forget();
      }
      return;
    }
    boolean comesOrGoes =
        (mask
                & (HostWatches.IN_CREATE
                    | HostWatches.IN_DELETE
                    | HostWatches.IN_MOVED_FROM
                    | HostWatches.IN_MOVED_TO))
            != 0;
    namesChanged |= comesOrGoes;
    selfChanged |= comesOrGoes;
    if (comesOrGoes || (mask & HostWatches.IN_ATTRIB) != 0) {
      dropDescriptor(name);
    }
    put(name, UNKNOWN);
  }

  /** Another file may have the name by now, or this one may no longer be for everybody. */
  private void dropDescriptor(String name) {
    Inode inode =
        switch (find(name)) {
          case LISTED -> gofer.known(listing.attributes(index));
          case LEARNED -> learned;
          case ABSENT, NO -> null;
        };
    if (inode instanceof GoferInode file) {
      file.dropAhead();
    }
  }

  boolean isForgotten() {
    return forgotten;
  }

  /** It is not to be believed any more. */
  void forget() {
    if (!forgotten) {
      forgotten = true;
      gofer.forgetWatched(key, this);
    }
  }

  /** Bytes of memory that this takes, about. */
  int bytes() {
    return listing.bytes() + 200;
  }
}
