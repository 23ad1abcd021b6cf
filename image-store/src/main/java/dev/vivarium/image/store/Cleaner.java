package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Gives space back. */
final class Cleaner {
  private final Database database;
  private final LayerFiles files;

  Cleaner(Database database, LayerFiles files) {
    this.database = database;
    this.files = files;
  }

  /** Deletes layers that nothing needs; says which. */
  List<String> collect() throws ImageException {
    List<String> unused =
        database.write(transaction -> new Catalog(transaction).dropUnusedLayers());
    if (!unused.isEmpty()) {
      // Under the write lock again: whoever publishes one of them anew does so before or after.
      database.write(transaction -> {
        Catalog catalog = new Catalog(transaction);
        for (String diffId : unused) {
          if (!catalog.hasLayer(diffId)) {
            delete(diffId);
          }
        }
        return null;
      });
    }
    return unused;
  }

  DiskUse use() throws ImageException {
    return database.read(this::use);
  }

  PruneReport prune(PruneOptions options) throws ImageException {
    List<ImageRecord> victims =
        options.dryRun()
            ? database.read(transaction -> victims(transaction, options))
            : database.write(transaction -> {
              List<ImageRecord> chosen = victims(transaction, options);
              for (ImageRecord image : chosen) {
                transaction.update("DELETE FROM images WHERE id = ?", image.id());
              }
              return chosen;
            });
    if (options.dryRun()) {
      return database.read(transaction -> {
        Map<String, Long> sizes = unusedAfter(transaction, victims);
        return new PruneReport(
            victims,
            List.copyOf(sizes.keySet()),
            sizes.values().stream().mapToLong(Long::longValue).sum(),
            0);
      });
    }
    long before = use().total();
    List<String> layers = collect();
    int stray;
    try {
      files.sweep();
      stray = deleteStrays();
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot clear out the store: " + e.getMessage() + "; check its permissions",
          e);
    }
    return new PruneReport(victims, layers, Math.max(0, before - use().total()), stray);
  }

  private DiskUse use(Database transaction) throws SQLException, ImageException {
    Catalog catalog = new Catalog(transaction);
    List<ImageRecord> records = new ArrayList<>();
    Map<String, Integer> users = new HashMap<>();
    for (String id : catalog.ids()) {
      catalog
          .image(id)
          .ifPresent(image -> {
            records.add(image);
            image.layers().stream()
                .map(LayerRecord::diffId)
                .distinct()
                .forEach(layer -> users.merge(layer, 1, Integer::sum));
          });
    }
    List<DiskUse.Image> images = new ArrayList<>();
    for (ImageRecord image : records) {
      long own =
          image.layers().stream()
              .distinct()
              .filter(layer -> users.get(layer.diffId()) == 1)
              .mapToLong(LayerRecord::diskSize)
              .sum();
      images.add(new DiskUse.Image(image, image.size() - own, own));
    }
    long total =
        transaction
            .query(
                "SELECT coalesce(sum(erofs_bytes + split_bytes), 0) FROM layers",
                row -> row.getLong(1))
            .getFirst();
    long unused =
        transaction
            .query(
                "SELECT coalesce(sum(erofs_bytes + split_bytes), 0) FROM layers"
                    + " WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)",
                row -> row.getLong(1))
            .getFirst();
    return new DiskUse(total, unused, images);
  }

  private List<ImageRecord> victims(Database transaction, PruneOptions options)
      throws SQLException, ImageException {
    Instant latest = options.olderThan().map(age -> Instant.now().minus(age)).orElse(Instant.MAX);
    Catalog catalog = new Catalog(transaction);
    List<ImageRecord> candidates = new ArrayList<>();
    for (String id : catalog.ids().reversed()) {
      ImageRecord image = catalog.image(id).orElseThrow();
      if (!options.inUse().contains(id)
          && (options.all() || image.tags().isEmpty())
          && image.pulled().isBefore(latest)) {
        candidates.add(image);
      }
    }
    if (options.downTo().isEmpty()) {
      return candidates;
    }
    DiskUse use = use(transaction);
    List<ImageRecord> victims = new ArrayList<>();
    for (ImageRecord image : candidates) {
      long freed = 0;
      for (long size : unusedAfter(transaction, victims).values()) {
        freed += size;
      }
      if (use.total() - freed <= options.downTo().get()) {
        break;
      }
      victims.add(image);
    }
    return victims;
  }

  /** Layers that no image needs once these are gone, and their sizes. */
  private static Map<String, Long> unusedAfter(Database transaction, List<ImageRecord> gone)
      throws SQLException {
    Set<String> ids = new HashSet<>();
    gone.forEach(image -> ids.add(image.id()));
    Set<String> needed = new HashSet<>();
    transaction.query(
        "SELECT image_id, diff_id FROM image_layers",
        row -> {
          if (!ids.contains(row.getString(1))) {
            needed.add(row.getString(2));
          }
          return "";
        });
    Map<String, Long> unused = new HashMap<>();
    transaction.query(
        "SELECT diff_id, erofs_bytes + split_bytes FROM layers"
            + " WHERE diff_id NOT IN (SELECT diff_id FROM holds)",
        row -> {
          if (!needed.contains(row.getString(1))) {
            unused.put(row.getString(1), row.getLong(2));
          }
          return "";
        });
    return unused;
  }

  /** Deletes layers' files that have no row; such are left when a process dies between the two. */
  private int deleteStrays() throws ImageException {
    return database.write(transaction -> {
      Catalog catalog = new Catalog(transaction);
      int deleted = 0;
      try {
        for (String diffId : files.present()) {
          if (!catalog.hasLayer(diffId)) {
            delete(diffId);
            deleted++;
          }
        }
      } catch (IOException e) {
        throw new ImageException(
            Kind.STORE, "cannot read the store: " + e.getMessage() + "; check its permissions", e);
      }
      return deleted;
    });
  }

  private void delete(String diffId) throws ImageException {
    try {
      files.delete(diffId);
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot delete a layer: " + e.getMessage() + "; check the store's permissions",
          e);
    }
  }
}
