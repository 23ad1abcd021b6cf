package dev.vivarium.microvm;

import dev.vivarium.image.erofs.ErofsWriter;
import dev.vivarium.image.erofs.LayerLimits;
import dev.vivarium.image.erofs.LayerSink;
import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/**
 * Images with more layers than a machine has room for disks: all layers in one EROFS file, made
 * once per image and kept beside the images. Several processes may use the directory at once; a
 * file is there only when it is whole.
 */
final class FlatImage {
  private static final String END = ".erofs";
  private static final String PART = ".part";

  /** Those that were used last stay. */
  private static final int MOST = 4;

  private final Path directory;

  FlatImage(Path directory) {
    this.directory = directory;
  }

  /** The file with these layers (lowest first) in one; made if it is not there. */
  Path of(List<Path> layers) throws IOException {
    Path file = directory.resolve(key(layers) + END);
    Files.createDirectories(directory);
    try (FileChannel channel =
            FileChannel.open(
                directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      if (!Files.exists(file)) {
        clear();
        Path part = Files.createTempFile(directory, "flat", PART);
        try {
          write(layers, part);
          Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
          Files.deleteIfExists(part);
        }
      }
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    }
    return file;
  }

  /** Layers are content-addressed: their names say what is in them. */
  private static String key(List<Path> layers) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path layer : layers) {
        digest.update(
            (layer.getFileName() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void clear() throws IOException {
    List<Path> whole = new ArrayList<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path path : all.toList()) {
        if (path.toString().endsWith(PART)) {
          Files.deleteIfExists(path);
        } else if (path.toString().endsWith(END)) {
          whole.add(path);
        }
      }
    }
    whole.sort(Comparator.comparing((Path path) -> path.toFile().lastModified()).reversed());
    for (Path path : whole.subList(Math.min(MOST - 1, whole.size()), whole.size())) {
      // A machine that runs has it open.
      Files.deleteIfExists(path);
    }
  }

  private static void write(List<Path> layers, Path file) throws IOException {
    Pipe pipe = Pipe.open();
    CompletableFuture<Void> read = new CompletableFuture<>();
    Thread reader =
        new Thread(
            null,
            () -> {
              try (RootView view = RootViews.open(layers);
                  OutputStream out =
                      new BufferedOutputStream(Channels.newOutputStream(pipe.sink()), 1 << 16)) {
                new Walk(view, new LayerTarWriter(out)).run();
                read.complete(null);
              } catch (IOException | RuntimeException e) {
                read.completeExceptionally(e);
              }
            },
            "flatten",
            512 << 10);
    reader.setDaemon(true);
    reader.start();
    try (InputStream tar = Channels.newInputStream(pipe.source());
        FileChannel out =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ErofsWriter.write(tar, out, new Nothing(), LayerLimits.standard());
      read.get();
    } catch (ExecutionException e) {
      throw new IOException("cannot read the image's layers: " + e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the image's layers were put into one", e);
    }
  }

  /** Nobody wants the tar back. */
  private static final class Nothing implements LayerSink {
    @Override
    public void raw(byte[] bytes, int offset, int length) {}

    @Override
    public void content(long offset, long length) {}

    @Override
    public void end() {}
  }

  /** Writes a merged tree as a tar. */
  private static final class Walk {
    private final RootView view;
    private final LayerTarWriter out;
    private final Map<Long, String> links = new HashMap<>();

    Walk(RootView view, LayerTarWriter out) {
      this.view = view;
      this.out = out;
    }

    private record Step(String name, RootNode node) {}

    void run() throws IOException {
      java.util.ArrayDeque<Step> todo = new java.util.ArrayDeque<>();
      todo.push(new Step("./", view.root()));
      List<FileChannel> files = new ArrayList<>();
      try {
        for (Path layer : view.layers()) {
          files.add(FileChannel.open(layer));
        }
        while (!todo.isEmpty()) {
          Step step = todo.pop();
          if (entry(step, files)) {
            String prefix = step.name;
            step.node.readdir((name, node) -> todo.push(new Step(prefix + name(name, node), node)));
          }
        }
        out.end();
      } finally {
        for (FileChannel file : files) {
          file.close();
        }
      }
    }

    private static String name(String name, RootNode node) {
      return (node.mode() & 0170000) == 0040000 ? name + "/" : name;
    }

    /** Whether it is a directory. */
    private boolean entry(Step step, List<FileChannel> files) throws IOException {
      RootNode node = step.node;
      char type =
          switch (node.mode() & 0170000) {
            case 0040000 -> TarEntry.TYPE_DIRECTORY;
            case 0100000 -> TarEntry.TYPE_FILE;
            case 0120000 -> TarEntry.TYPE_SYMLINK;
            case 0020000 -> TarEntry.TYPE_CHAR_DEVICE;
            case 0060000 -> TarEntry.TYPE_BLOCK_DEVICE;
            case 0010000 -> TarEntry.TYPE_FIFO;
            default -> '\0';
          };
      if (type == '\0') {
        return false;
      }
      String link = type == TarEntry.TYPE_SYMLINK ? node.readlink() : "";
      if (type != TarEntry.TYPE_DIRECTORY && node.nlink() > 1) {
        String first = links.putIfAbsent(node.ino(), step.name);
        if (first != null) {
          type = TarEntry.TYPE_HARD_LINK;
          link = first;
        }
      }
      boolean file = type == TarEntry.TYPE_FILE;
      boolean directory = type == TarEntry.TYPE_DIRECTORY;
      TarEntry entry =
          new TarEntry(
              step.name,
              type,
              node.mode() & 07777,
              node.uid(),
              node.gid(),
              file ? node.size() : 0,
              Math.floorDiv(node.mtimeNanos(), 1_000_000_000L),
              (int) Math.floorMod(node.mtimeNanos(), 1_000_000_000L),
              link,
              (int) (node.rdev() >>> 8 & 0xfff),
              (int) (node.rdev() & 0xff | node.rdev() >>> 12 & 0xfff00),
              file || directory ? node.xattrs() : Map.of());
      if (file && node.size() > 0) {
        out.entry(entry, new Part(files.get(node.layer()), node.dataOffset()));
      } else {
        out.entry(entry);
      }
      return directory;
    }
  }

  /** The content of a file from its place in a layer on. */
  private static final class Part extends InputStream {
    private final FileChannel file;
    private long at;

    Part(FileChannel file, long at) {
      this.file = file;
      this.at = at;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = file.read(ByteBuffer.wrap(bytes, offset, length), at);
      at += Math.max(n, 0);
      return n;
    }
  }
}
