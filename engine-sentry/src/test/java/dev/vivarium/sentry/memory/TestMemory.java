package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.platform.Context;
import dev.vivarium.sentry.platform.Platform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** A memory file, blobs and a platform's bounds to test address spaces with. */
final class TestMemory implements AutoCloseable, Platform {
  static final long MIN = 0x10000;
  static final long MAX = 0x4000_0000L;
  static final long SIZE = 1L << 30;
  private static final int BLOB_PAGES = 64;

  final Arena arena = Arena.ofShared();
  final MemoryFile memoryFile;
  final MemorySegment blob = arena.allocate(BLOB_PAGES * FakeHost.PAGE, FakeHost.PAGE);

  /** Told of every piece that is given back to the host. */
  final List<long[]> punched = new ArrayList<>();

  TestMemory() {
    MemorySegment segment;
    try {
      Path file = Files.createTempFile("memory", null);
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        segment = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
      }
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    MemorySegment whole = segment;
    memoryFile =
        new MemoryFile(
            segment,
            (offset, length) -> {
              punched.add(new long[] {offset, length});
              clear(whole, offset, length);
            });
    for (int i = 0; i < BLOB_PAGES; i++) {
      blob.set(ValueLayout.JAVA_LONG, i * FakeHost.PAGE, 0xb10b_0000L + i);
    }
  }

  /** Writes zeros only where something else is, so that the file stays sparse. */
  private static void clear(MemorySegment segment, long offset, long length) {
    for (long o = offset; o < offset + length; o += FakeHost.PAGE) {
      if (segment.get(ValueLayout.JAVA_LONG, o) != 0) {
        segment.asSlice(o, FakeHost.PAGE).fill((byte) 0);
      }
    }
  }

  MemorySegment segment(int space) {
    return space == 0 ? memoryFile.segment() : blob;
  }

  MemoryManager newProcess(FakeHost host, RandomGenerator random) {
    MemoryManager mm = new MemoryManager(memoryFile, s -> blob, this, random, host);
    mm.enter(null, host.context, true);
    return mm;
  }

  /** A file whose content is the blob. */
  Mappable blobFile(long length) {
    return new Mappable() {
      @Override
      public long translate(Task t, long offset, long wanted, boolean write, Extent out) {
        if (offset >= length) {
          return -Errno.ENXIO;
        }
        out.space = 1;
        out.offset = offset;
        out.length = Math.min(wanted, ((length + 4095) & -4096) - offset);
        return 0;
      }

      @Override
      public boolean translatesAtOnce() {
        return true;
      }

      @Override
      public long length() {
        return length;
      }
    };
  }

  /** A file in the page cache of a read-only file system. */
  Mappable constantFile(long offsetInMemory, long length) {
    Mappable file = cachedFile(offsetInMemory, length);
    return new Mappable() {
      @Override
      public long translate(Task t, long offset, long wanted, boolean write, Extent out) {
        return file.translate(t, offset, wanted, write, out);
      }

      @Override
      public boolean isConstant() {
        return true;
      }

      @Override
      public long length() {
        return file.length();
      }
    };
  }

  /** A file in the page cache; it holds one reference to its memory. */
  Mappable cachedFile(long offsetInMemory, long length) {
    return new Mappable() {
      @Override
      public long translate(Task t, long offset, long wanted, boolean write, Extent out) {
        if (offset >= length) {
          return -Errno.ENXIO;
        }
        out.space = Extent.MEMORY_FILE;
        out.offset = offsetInMemory + offset;
        out.length = Math.min(wanted, ((length + 4095) & -4096) - offset);
        return 0;
      }

      @Override
      public long length() {
        return length;
      }
    };
  }

  @Override
  public String name() {
    return "test";
  }

  @Override
  public Context newProcess() {
    return new FakeHost().context;
  }

  @Override
  public long minAddress() {
    return MIN;
  }

  @Override
  public long maxAddress() {
    return MAX;
  }

  @Override
  public int poll(EventSink sink) {
    return 0;
  }

  @Override
  public void sleep(long timeoutNanos) {}

  @Override
  public void wake() {}

  @Override
  public void close() {
    arena.close();
  }
}
