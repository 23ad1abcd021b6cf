package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import java.util.HashMap;
import java.util.Map;

/**
 * Anonymous memory that several mappings share (MAP_SHARED | MAP_ANONYMOUS). It is allocated in
 * chunks when they are touched; mappings hold references.
 */
public final class SharedAnonymous implements Mappable {
  /** What is not larger is allocated as one chunk, so that one host mapping is enough. */
  private static final long WHOLE_MAX = 64L << 20;

  private static final long CHUNK = 4L << 20;

  private final MemoryFile memoryFile;
  private final long length;
  private final long chunkSize;
  private final Map<Long, Long> chunks = new HashMap<>();
  private int refs = 1;

  /** With one reference. */
  public SharedAnonymous(MemoryFile memoryFile, long length) {
    this.memoryFile = memoryFile;
    this.length = length;
    this.chunkSize = length <= WHOLE_MAX ? length : CHUNK;
  }

  public void acquire() {
    refs++;
  }

  public void drop() {
    if (--refs == 0) {
      chunks.forEach((index, offset) -> memoryFile.decRef(offset, sizeOf(index)));
      chunks.clear();
    }
  }

  /** Bytes of the chunks that were touched. */
  public long allocatedBytes() {
    long sum = 0;
    for (long index : chunks.keySet()) {
      sum += sizeOf(index);
    }
    return sum;
  }

  /** Whether no chunk of a range was touched. */
  boolean isUntouched(long offset, long size) {
    for (long index = offset / chunkSize; index * chunkSize < offset + size; index++) {
      if (chunks.containsKey(index)) {
        return false;
      }
    }
    return true;
  }

  private long sizeOf(long index) {
    return Math.min(chunkSize, length - index * chunkSize);
  }

  @Override
  public long translate(Task t, long offset, long wanted, boolean write, Extent out) {
    if (offset >= length) {
      return -Errno.ENXIO;
    }
    long index = offset / chunkSize;
    Long chunk = chunks.get(index);
    if (chunk == null) {
      chunk = memoryFile.allocate(sizeOf(index));
      if (chunk < 0) {
        return -Errno.ENOMEM;
      }
      chunks.put(index, chunk);
    }
    long inChunk = offset - index * chunkSize;
    out.space = Extent.MEMORY_FILE;
    out.offset = chunk + inChunk;
    out.length = Math.min(wanted, sizeOf(index) - inChunk);
    return 0;
  }

  /** Makes a page-aligned range read as zeros again and gives its memory back. */
  void punch(long offset, long end) {
    while (offset < Math.min(end, length)) {
      long index = offset / chunkSize;
      long stop = Math.min(Math.min(end, length), (index + 1) * chunkSize);
      Long chunk = chunks.get(index);
      if (chunk != null) {
        memoryFile.punch(chunk + offset - index * chunkSize, stop - offset);
      }
      offset = stop;
    }
  }

  @Override
  public boolean translatesAtOnce() {
    return true;
  }

  @Override
  public long length() {
    return length;
  }
}
