package dev.vivarium.engine.state;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/**
 * What a sandbox wrote to its standard output and error, for {@code viv logs}: records of stream (1
 * byte), milliseconds since 1970 (8 bytes), length (4 bytes) and the bytes. Bounded: when the file
 * is full it becomes {@code output.1} and a new one begins.
 */
public final class OutputRecord implements Closeable {
  private static final int HEADER = 13;
  private static final long MAX_FILE = 16 << 20;
  private static final int MAX_RECORD = 1 << 20;

  private final Path file;
  private FileChannel channel;
  private long size;

  private OutputRecord(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    this.size = channel.size();
  }

  /** Opens it for writing, at its end. */
  public static OutputRecord open(Path file) throws IOException {
    return new OutputRecord(file, append(file));
  }

  private static FileChannel append(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Adds what was written to stream 1 or 2, in one write. */
  public synchronized void add(int stream, byte[] bytes, int offset, int length)
      throws IOException {
    if (size + HEADER + length > MAX_FILE) {
      channel.close();
      Files.move(file, rotated(file), StandardCopyOption.REPLACE_EXISTING);
      channel = append(file);
      size = 0;
    }
    ByteBuffer record = ByteBuffer.allocate(HEADER + length);
    record.put((byte) stream).putLong(System.currentTimeMillis()).putInt(length);
    record.put(bytes, offset, length).flip();
    while (record.hasRemaining()) {
      size += channel.write(record);
    }
  }

  private static Path rotated(Path file) {
    return file.resolveSibling(file.getFileName() + ".1");
  }

  @Override
  public synchronized void close() throws IOException {
    channel.close();
  }

  /** Who gets the records on reading. */
  public interface Reader {
    void record(int stream, Instant time, byte[] bytes) throws IOException;
  }

  /** Reads all records in order; a last one that is incomplete is left out. */
  public static void read(Path file, Reader reader) throws IOException {
    readOne(rotated(file), reader, 0);
    readOne(file, reader, 0);
  }

  /**
   * Reads the records from an offset on.
   *
   * @return the offset behind the last complete record
   */
  public static long readOne(Path file, Reader reader, long offset) throws IOException {
    long end = offset;
    try (InputStream raw = Files.newInputStream(file)) {
      raw.skipNBytes(offset);
      DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(raw, 1 << 16));
      while (true) {
        int stream = in.readUnsignedByte();
        long time = in.readLong();
        int length = in.readInt();
        if (length < 0 || length > MAX_RECORD) {
          throw new IOException("the recorded output is damaged: " + file);
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        reader.record(stream, Instant.ofEpochMilli(time), bytes);
        end += HEADER + length;
      }
    } catch (EOFException | NoSuchFileException e) {
      return end;
    }
  }
}
