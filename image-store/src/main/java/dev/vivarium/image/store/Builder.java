package dev.vivarium.image.store;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.layer.LayerConverter;
import dev.vivarium.image.layer.LayerConverter.Converted;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource.Resolved;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.oci.ManifestWriter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Makes an image of a base, or of nothing, and one new layer. */
final class Builder {
  private final ImageStore store;
  private final Database database;
  private final LayerFiles files;

  Builder(ImageStore store, Database database, LayerFiles files) {
    this.store = store;
    this.database = database;
    this.files = files;
  }

  /** The new image's id. */
  String build(
      Optional<ImageRecord> base, LayerContent content, ImageReference name, ConfigChange change)
      throws ImageException {
    if (name.tag().isEmpty()) {
      throw new ImageException(
          Kind.BAD_REFERENCE, "a name with a digest cannot be given: " + name + "; write NAME:TAG");
    }
    Owner owner = Owner.create();
    Fetch fetch = new Fetch(database, files, owner, LayerLimits.standard());
    try {
      files.sweep();
      List<LayerRecord> below = base.map(ImageRecord::layers).orElse(List.of());
      for (LayerRecord layer : below) {
        if (!fetch.hold(layer.diffId())) {
          throw new ImageException(
              Kind.CONFLICT,
              "its base was removed: " + base.orElseThrow().shortId() + "; pull it again");
        }
      }
      if (below.size() >= Manifest.MAX_LAYERS) {
        throw new ImageException(
            Kind.UNSUPPORTED,
            "too many layers: "
                + name.familiar()
                + "; at most "
                + Manifest.MAX_LAYERS
                + " are possible");
      }
      Path directory = files.workDirectory(owner);
      Path erofs = directory.resolve("new.erofs");
      Path split = directory.resolve("new.tar-split");
      Converted converted = convert(content, erofs, split);
      Descriptor layer = descriptor(converted.diffId(), converted.erofs().tarBytes());
      fetch.publish(converted, layer, erofs, split, false);
      List<Descriptor> layers = new ArrayList<>();
      below.forEach(l -> layers.add(descriptor(l.diffId(), l.tarSize())));
      layers.add(layer);
      Optional<byte[]> baseConfig =
          base.isPresent() ? Optional.of(store.config(base.get().id())) : Optional.empty();
      byte[] config = ConfigWriter.write(baseConfig, converted.diffId(), change, Instant.now());
      byte[] manifest = ManifestWriter.manifest(config, layers);
      new Ingest(database, files, LayerLimits.standard())
          .record(
              new Resolved(
                  List.of(),
                  manifest,
                  Manifest.OCI_MANIFEST,
                  config,
                  Digests.of(config),
                  layers,
                  List.of()),
              layers.stream().map(Descriptor::digest).toList(),
              Optional.of(name),
              false,
              List.of());
      return Digests.of(config);
    } catch (EOFException | dev.vivarium.image.tar.BadArchiveException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "cannot be a layer: " + name.familiar() + ": " + e.getMessage() + "; nothing was stored",
          e);
    } catch (IOException e) {
      throw new ImageException(
          Kind.STORE,
          "cannot make the image: "
              + name.familiar()
              + ": "
              + e.getMessage()
              + "; nothing was stored",
          e);
    } finally {
      fetch.release();
      try {
        LayerFiles.deleteWorkDirectory(files.workDirectory(owner));
      } catch (IOException e) {
        // swept away later
      }
    }
  }

  /** What is written on one thread is converted on this one. */
  private static Converted convert(LayerContent content, Path erofs, Path split)
      throws IOException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Pipe pipe = Pipe.open();
    try (InputStream in = Channels.newInputStream(pipe.source())) {
      OutputStream out = Channels.newOutputStream(pipe.sink());
      Thread writer =
          Thread.ofPlatform()
              .daemon()
              .name("layer-writer")
              .start(() -> {
                try (OutputStream tar = new BufferedOutputStream(out, 64 << 10)) {
                  content.writeTo(tar);
                } catch (IOException | RuntimeException e) {
                  failure.set(e);
                }
              });
      Converted converted;
      try {
        converted =
            LayerConverter.convert(
                new BufferedInputStream(in, 64 << 10), erofs, split, LayerLimits.standard());
      } catch (IOException e) {
        Throwable cause = failure.get();
        throw cause == null ? e : new IOException(cause.getMessage(), cause);
      } finally {
        in.close();
        join(writer);
      }
      Throwable cause = failure.get();
      if (cause != null) {
        throw new IOException(cause.getMessage(), cause);
      }
      return converted;
    }
  }

  private static void join(Thread writer) throws InterruptedIOException {
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static Descriptor descriptor(String diffId, long size) {
    return new Descriptor(
        Manifest.OCI_LAYER,
        diffId,
        size,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Map.of());
  }
}
