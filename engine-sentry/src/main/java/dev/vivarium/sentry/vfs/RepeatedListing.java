package dev.vivarium.sentry.vfs;

import java.lang.ref.SoftReference;
import org.jspecify.annotations.Nullable;

/**
 * Lists a directory, and packs its entries for the next time once it was listed again without a
 * change in between. What most directories are listed for, once, costs nothing more.
 */
public abstract class RepeatedListing {
  /** More entries than this are packed each time. */
  private static final int MOST_ENTRIES = 1 << 15;

  private @Nullable SoftReference<PackedListing> packed;
  private boolean isListedAgain;

  /** Lists entry by entry, as {@link DirectoryListing#list}. */
  protected abstract long each(long position, DirSink sink);

  /** How many entries there are, about. */
  protected abstract int count();

  /** To be called whenever an entry came or went. */
  public final void changed() {
    packed = null;
    isListedAgain = false;
  }

  /** As {@link DirectoryListing#list}. */
  public final long list(long position, DirSink sink) {
    PackedListing listing = packed(position);
    return listing == null ? each(position, sink) : listing.list(position, sink);
  }

  private @Nullable PackedListing packed(long position) {
    PackedListing listing = packed == null ? null : packed.get();
    if (listing != null || position != DirectoryListing.FIRST_ENTRY) {
      return listing;
    }
    if (!isListedAgain || count() > MOST_ENTRIES) {
      isListedAgain = true;
      return null;
    }
    PackedListing.Builder builder = new PackedListing.Builder();
    each(position, builder);
    listing = builder.build();
    packed = new SoftReference<>(listing);
    return listing;
  }
}
