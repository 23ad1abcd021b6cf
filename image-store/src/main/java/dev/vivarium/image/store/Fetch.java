package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter;
import dev.vivarium.image.layer.LayerConverter.Converted;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.tar.BadArchiveException;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.function.LongConsumer;

/** Gets one layer into the store: waits for whoever fetches it already, or fetches it. */
final class Fetch {
  private static final long POLL_MILLIS = 50;

  private final Database database;
  private final LayerFiles files;
  private final Owner owner;
  private final LayerLimits limits;

  Fetch(Database database, LayerFiles files, Owner owner, LayerLimits limits) {
    this.database = database;
    this.files = files;
    this.owner = owner;
    this.limits = limits;
  }

  /** Whether the store has the layer; if so it stays for as long as this owner is at work. */
  boolean hold(String diffId) throws ImageException {
    return database.write(transaction -> {
      if (!new Catalog(transaction).hasLayer(diffId)) {
        return false;
      }
      transaction.update("INSERT OR IGNORE INTO holds VALUES (?, ?)", owner.text(), diffId);
      return true;
    });
  }

  /** The layer is in the store and held when this returns. */
  void layer(ImageSource source, Descriptor blob, String diffId, LongConsumer progress)
      throws ImageException, InterruptedException {
    while (!hold(diffId)) {
      if (claim(diffId)) {
        try {
          convert(source, blob, diffId, false, progress);
        } finally {
          database.write(transaction ->
              transaction.update(
                  "DELETE FROM claims WHERE diff_id = ? AND owner = ?", diffId, owner.text()));
        }
        return;
      }
      Thread.sleep(POLL_MILLIS);
    }
    progress.accept(blob.size());
  }

  /** Nothing is held or claimed by this owner any more, and its files are gone. */
  void release() throws ImageException {
    database.write(transaction -> {
      transaction.update("DELETE FROM holds WHERE owner = ?", owner.text());
      return transaction.update("DELETE FROM claims WHERE owner = ?", owner.text());
    });
  }

  private boolean claim(String diffId) throws ImageException {
    return database.write(transaction -> {
      Catalog catalog = new Catalog(transaction);
      if (catalog.hasLayer(diffId)) {
        return false;
      }
      var other = catalog.first("SELECT owner FROM claims WHERE diff_id = ?", diffId);
      if (other.isPresent() && new Owner(other.get()).alive()) {
        return false;
      }
      transaction.update("INSERT OR REPLACE INTO claims VALUES (?, ?)", diffId, owner.text());
      return true;
    });
  }

  /**
   * Fetches the layer anew, whatever the store has.
   *
   * @param replace whether to put it in the place of what is there
   */
  void convert(
      ImageSource source, Descriptor blob, String diffId, boolean replace, LongConsumer progress)
      throws ImageException {
    String what = source.name() + ", layer " + blob.digest();
    try {
      Path directory = files.workDirectory(owner);
      if (LayerFiles.isBlob(diffId)) {
        keep(source, blob, diffId, directory, replace, progress);
        return;
      }
      String hex = diffId.substring(diffId.indexOf(':') + 1);
      Path erofs = directory.resolve(hex + ".erofs");
      Path split = directory.resolve(hex + ".tar-split");
      try {
        Converted converted;
        try (Checked in = new Checked(source.open(blob), blob, progress)) {
          converted = LayerConverter.convert(in, erofs, split, limits.forBlob(blob.size()));
          in.finish();
        }
        if (!converted.diffId().equals(diffId)) {
          throw new BadArchiveException(
              "its content has the diff id " + converted.diffId() + ", its image says " + diffId);
        }
        publish(converted, blob, erofs, split, replace);
      } finally {
        Files.deleteIfExists(erofs);
        Files.deleteIfExists(split);
      }
    } catch (BadArchiveException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a bad layer: "
              + what
              + ": "
              + e.getMessage()
              + (e.isLimit()
                  ? "; nothing was stored"
                  : "; the image is broken, or its source lies"),
          e);
    } catch (EOFException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a truncated layer: " + what + ": " + e.getMessage() + "; get the image again",
          e);
    } catch (NoSuchFileException e) {
      throw new ImageException(
          Kind.NOT_FOUND,
          "a missing layer: " + what + ": no file " + e.getMessage() + "; make the archive again",
          e);
    } catch (IOException e) {
      throw failed(what, e);
    }
  }

  /** Fetches an artifact's blob, which stays as it came. */
  private void keep(
      ImageSource source,
      Descriptor blob,
      String key,
      Path directory,
      boolean replace,
      LongConsumer progress)
      throws IOException, ImageException {
    if (blob.size() > limits.maxTarBytes()) {
      throw new BadArchiveException(
          "a blob of " + blob.size() + " bytes; at most " + limits.maxTarBytes() + " are taken");
    }
    Path file = directory.resolve(Digests.hex(key) + ".blob");
    try {
      try (Checked in = new Checked(source.open(blob), blob, progress);
          FileChannel out =
              FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING,
                  StandardOpenOption.WRITE)) {
        in.transferTo(Channels.newOutputStream(out));
        in.finish();
        out.force(true);
      }
      database.write(transaction -> {
        boolean present = new Catalog(transaction).hasLayer(key);
        if (!present || replace) {
          try {
            files.publishBlob(key, file);
          } catch (IOException e) {
            throw failed(key, e);
          }
          transaction.update(
              "INSERT OR IGNORE INTO layers (diff_id, tar_bytes, erofs_bytes, split_bytes,"
                  + " metadata_offset, entries, added_millis) VALUES (?, ?, ?, 0, 0, 0, ?)",
              key,
              blob.size(),
              blob.size(),
              System.currentTimeMillis());
        }
        return transaction.update("INSERT OR IGNORE INTO holds VALUES (?, ?)", owner.text(), key);
      });
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /**
   * Puts a layer's finished files into their place; the layer is held.
   *
   * @param blob what the layer came as
   */
  void publish(Converted converted, Descriptor blob, Path erofs, Path split, boolean replace)
      throws ImageException {
    database.write(transaction -> {
      String diffId = converted.diffId();
      boolean present = new Catalog(transaction).hasLayer(diffId);
      if (!present || replace) {
        try {
          files.publish(diffId, erofs, split);
        } catch (IOException e) {
          throw failed(diffId, e);
        }
        transaction.update(
            "INSERT INTO layers (diff_id, tar_bytes, erofs_bytes, split_bytes, metadata_offset,"
                + " metadata_digest, entries, added_millis) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT (diff_id) DO UPDATE SET tar_bytes = excluded.tar_bytes,"
                + " erofs_bytes = excluded.erofs_bytes, split_bytes = excluded.split_bytes,"
                + " metadata_offset = excluded.metadata_offset,"
                + " metadata_digest = excluded.metadata_digest, entries = excluded.entries",
            diffId,
            converted.erofs().tarBytes(),
            converted.erofs().size(),
            converted.splitSize(),
            converted.erofs().metadataOffset(),
            converted.erofs().metadataDigest(),
            converted.erofs().entries(),
            System.currentTimeMillis());
      }
      if (!blob.digest().equals(diffId)) {
        transaction.update(
            "INSERT OR REPLACE INTO layer_blobs VALUES (?, ?, ?, ?)",
            blob.digest(),
            diffId,
            blob.size(),
            blob.mediaType());
      }
      return transaction.update("INSERT OR IGNORE INTO holds VALUES (?, ?)", owner.text(), diffId);
    });
  }

  private ImageException failed(String what, IOException e) {
    if (e.getCause() instanceof ImageException inner) {
      return inner;
    }
    String message = String.valueOf(e.getMessage());
    if (message.contains("No space left") || message.contains("quota")) {
      return new ImageException(
          Kind.STORE,
          "the disk is full: " + what + "; free some space, nothing of the layer was kept",
          e);
    }
    return new ImageException(
        Kind.REGISTRY, "cannot fetch " + what + ": " + message + "; try again", e);
  }

  /** Holds a stream to the length and digest that its descriptor promises. */
  private static final class Checked extends FilterInputStream {
    private final Descriptor blob;
    private final MessageDigest digest;
    private final LongConsumer progress;
    private long count;

    Checked(InputStream in, Descriptor blob, LongConsumer progress) {
      super(in);
      this.blob = blob;
      this.digest = Digests.forDigest(blob.digest());
      this.progress = progress;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (Thread.currentThread().isInterrupted()) {
        throw new java.io.InterruptedIOException("interrupted");
      }
      int n = in.read(buffer, offset, length);
      if (n > 0) {
        count += n;
        if (count > blob.size()) {
          throw new BadArchiveException(
              "longer than the " + blob.size() + " bytes that were announced");
        }
        digest.update(buffer, offset, n);
        progress.accept(count);
      }
      return n;
    }

    @Override
    public long skip(long n) {
      throw new UnsupportedOperationException();
    }

    @Override
    public int available() {
      return 0;
    }

    @Override
    public boolean markSupported() {
      return false;
    }

    void finish() throws BadArchiveException {
      if (count != blob.size()) {
        throw new BadArchiveException(count + " bytes came, " + blob.size() + " were announced");
      }
      String actual = Digests.finish(digest);
      if (!actual.equals(blob.digest())) {
        throw new BadArchiveException("wrong digest: it came as " + actual);
      }
    }
  }
}
