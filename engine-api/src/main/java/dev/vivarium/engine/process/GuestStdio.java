package dev.vivarium.engine.process;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.OutputRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The standard streams of a sandbox that does not inherit them: what the guest writes goes to the
 * record and to every attached connection, at the pace of the slowest; what the connection that is
 * the source of input sends, the guest reads.
 */
final class GuestStdio {
  /** How many bytes of streams 1 and 2 a connection may still be sent. */
  private static final class Credits {
    private final int[] left = {0, ControlMessage.WINDOW, ControlMessage.WINDOW};
  }

  private final @Nullable OutputRecord record;
  private final Map<ControlConnection, Credits> attached = new HashMap<>();

  // A ring of bytes for standard input: what one source may send, and what one before it left
  // unread.
  private final byte[] input = new byte[2 * ControlMessage.WINDOW];

  /** How much of it is of a source that left: room for that is granted to nobody. */
  private int inherited;

  private int inputStart;
  private int inputLength;
  private boolean inputEnded;
  private @Nullable ControlConnection inputSource;

  GuestStdio(@Nullable OutputRecord record) {
    this.record = record;
  }

  /** The engine's end of standard input. */
  InputStream input() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        return length == 0 ? 0 : takeInput(bytes, offset, length);
      }
    };
  }

  /** The engine's end of standard output (1) or error (2). */
  OutputStream output(int stream) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += ControlMessage.MAX_DATA / 2) {
          putOutput(stream, bytes, offset + at, Math.min(length - at, ControlMessage.MAX_DATA / 2));
        }
      }
    };
  }

  synchronized void attach(ControlConnection connection, boolean asInput) {
    attached.put(connection, new Credits());
    if (asInput && inputSource == null) {
      inputSource = connection;
      if (inputLength > ControlMessage.WINDOW) {
        // Typed by those who left, and never read.
        inputStart = (inputStart + inputLength - ControlMessage.WINDOW) % input.length;
        inputLength = ControlMessage.WINDOW;
      }
      inherited = inputLength;
    }
  }

  synchronized void detach(ControlConnection connection) {
    attached.remove(connection);
    if (inputSource == connection) {
      inputSource = null;
    }
    notifyAll();
  }

  /** The client has room for more. */
  synchronized void grant(ControlConnection connection, int stream, int bytes) throws IOException {
    Credits credits = attached.get(connection);
    if (credits == null) {
      // It was detached, at the sandbox's end for instance.
      return;
    }
    if (credits.left[stream] + bytes > ControlMessage.WINDOW) {
      throw new IOException("window granted beyond its size");
    }
    credits.left[stream] += bytes;
    notifyAll();
  }

  /** Bytes came from a client. */
  synchronized void feed(ControlConnection connection, byte[] bytes) throws IOException {
    if (connection != inputSource || inputEnded) {
      return;
    }
    if (inputLength + bytes.length > input.length) {
      throw new IOException("more input sent than was granted");
    }
    int end = (inputStart + inputLength) % input.length;
    int first = Math.min(bytes.length, input.length - end);
    System.arraycopy(bytes, 0, input, end, first);
    System.arraycopy(bytes, first, input, 0, bytes.length - first);
    inputLength += bytes.length;
    notifyAll();
  }

  /** The client's input ended. */
  synchronized void endInput(ControlConnection connection) {
    if (connection == inputSource) {
      inputEnded = true;
      notifyAll();
    }
  }

  /** Nobody will ever send input: the guest reads the end at once. */
  synchronized void endInput() {
    inputEnded = true;
    notifyAll();
  }

  private int takeInput(byte[] bytes, int offset, int length) throws IOException {
    int count;
    int granted;
    ControlConnection source;
    synchronized (this) {
      while (inputLength == 0 && !inputEnded) {
        await();
      }
      if (inputLength == 0) {
        return -1;
      }
      count = Math.min(length, inputLength);
      int first = Math.min(count, input.length - inputStart);
      System.arraycopy(input, inputStart, bytes, offset, first);
      System.arraycopy(input, 0, bytes, offset + first, count - first);
      inputStart = (inputStart + count) % input.length;
      inputLength -= count;
      source = inputSource;
      int old = Math.min(count, inherited);
      inherited -= old;
      granted = count - old;
    }
    if (source != null && granted > 0) {
      try {
        source.send(new ControlMessage.Window(0, granted));
      } catch (IOException e) {
        detach(source);
      }
    }
    return count;
  }

  private void putOutput(int stream, byte[] bytes, int offset, int length) throws IOException {
    List<ControlConnection> receivers;
    synchronized (this) {
      if (record != null) {
        record.add(stream, bytes, offset, length);
      }
      while (!spend(stream, length)) {
        await();
      }
      receivers = new ArrayList<>(attached.keySet());
    }
    if (receivers.isEmpty()) {
      return;
    }
    byte[] copy = java.util.Arrays.copyOfRange(bytes, offset, offset + length);
    for (ControlConnection receiver : receivers) {
      try {
        receiver.send(new ControlMessage.Data(stream, copy));
      } catch (IOException e) {
        detach(receiver);
      }
    }
  }

  /** Takes so much credit of every attached connection, or none of any. */
  private boolean spend(int stream, int length) {
    for (Credits credits : attached.values()) {
      if (credits.left[stream] < length) {
        return false;
      }
    }
    for (Credits credits : attached.values()) {
      credits.left[stream] -= length;
    }
    return true;
  }

  private void await() throws InterruptedIOException {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  /** Forgets all connections, so that nobody waits for them any more, and closes the record. */
  void close() throws IOException {
    synchronized (this) {
      attached.clear();
      inputEnded = true;
      notifyAll();
    }
    if (record != null) {
      record.close();
    }
  }
}
