package dev.vivarium.microvm.vmm;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 (RFC 9112) over a unix socket, as far as the monitors' control interfaces need it: one
 * request per connection, within a time. A monitor may have been taken over by its guest, so what
 * it answers is bounded and checked.
 */
final class UnixHttp {
  private static final int MAX_HEAD = 16 << 10;
  private static final int MAX_BODY = 1 << 20;

  private final Path socket;
  private final Duration patience;

  /**
   * Makes one; connects to nothing yet.
   *
   * @param patience for one request and its answer
   */
  UnixHttp(Path socket, Duration patience) {
    this.socket = socket;
    this.patience = patience;
  }

  /** What was answered. */
  record Response(int status, String body) {
    boolean isSuccess() {
      return status >= 200 && status < 300;
    }
  }

  /**
   * Makes a request.
   *
   * @param json the body; null for none
   * @throws IOException if there is no answer in time, or none of HTTP
   */
  Response send(String method, String path, @Nullable String json) throws IOException {
    byte[] body = json == null ? new byte[0] : json.getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\n");
    head.append("Host: localhost\r\nAccept: application/json\r\n");
    if (json != null) {
      head.append("Content-Type: application/json\r\n");
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    head.append("\r\n");
    try (Exchange exchange = new Exchange()) {
      exchange.write(head.toString().getBytes(StandardCharsets.US_ASCII));
      exchange.write(body);
      return exchange.read();
    }
  }

  /** One connection. */
  private final class Exchange implements AutoCloseable {
    private final long deadline = System.nanoTime() + patience.toNanos();
    private final SocketChannel channel;
    private final Selector selector;
    private final SelectionKey key;
    private final ByteBuffer in = ByteBuffer.allocate(8192).flip();

    Exchange() throws IOException {
      channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      try {
        channel.configureBlocking(false);
        selector = Selector.open();
        key = channel.register(selector, 0);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    }

    private void await(int operation) throws IOException {
      key.interestOps(operation);
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0 || selector.select(left) == 0 && System.nanoTime() >= deadline) {
        throw new IOException("no answer within " + patience.toMillis() + " ms");
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new IOException("interrupted");
      }
      selector.selectedKeys().clear();
    }

    void write(byte[] bytes) throws IOException {
      ByteBuffer out = ByteBuffer.wrap(bytes);
      while (out.hasRemaining()) {
        if (channel.write(out) == 0) {
          await(SelectionKey.OP_WRITE);
        }
      }
    }

    /** The next byte, or -1 at the end. */
    private int next() throws IOException {
      while (!in.hasRemaining()) {
        in.clear();
        int n = channel.read(in);
        in.flip();
        if (n < 0) {
          return -1;
        }
        if (n == 0) {
          await(SelectionKey.OP_READ);
        }
      }
      return Byte.toUnsignedInt(in.get());
    }

    /** A line without its end, of what is left of a budget. */
    private String line(int[] budget) throws IOException {
      StringBuilder line = new StringBuilder();
      int c;
      while ((c = next()) != '\n') {
        if (c < 0) {
          throw new IOException("the answer ends within its head");
        }
        if (--budget[0] < 0) {
          throw new IOException("the head of the answer is longer than " + MAX_HEAD + " bytes");
        }
        line.append((char) c);
      }
      int length = line.length();
      return length > 0 && line.charAt(length - 1) == '\r'
          ? line.substring(0, length - 1)
          : line.toString();
    }

    Response read() throws IOException {
      int[] budget = {MAX_HEAD};
      while (true) {
        int status = status(line(budget));
        long length = -1;
        boolean chunked = false;
        String field;
        while (!(field = line(budget)).isEmpty()) {
          int colon = field.indexOf(':');
          if (colon <= 0) {
            throw new IOException("a malformed header field");
          }
          String value = field.substring(colon + 1).strip();
          switch (field.substring(0, colon).toLowerCase(Locale.ROOT)) {
            case "content-length" -> {
              long said = number(value, 10);
              if (length >= 0 && length != said) {
                throw new IOException("two lengths of one body");
              }
              length = said;
            }
            case "transfer-encoding" -> {
              if (!value.equalsIgnoreCase("chunked")) {
                throw new IOException("a body in an unknown coding");
              }
              chunked = true;
            }
            default -> {
              // Nothing that matters here.
            }
          }
        }
        if (status < 200) {
          // 100 Continue and its like come before the answer.
          continue;
        }
        byte[] body =
            status == 204 || status == 304
                ? new byte[0]
                : chunked ? chunks(budget) : length >= 0 ? bytes(length) : rest();
        return new Response(status, new String(body, StandardCharsets.UTF_8));
      }
    }

    private static int status(String line) throws IOException {
      if (!line.matches("HTTP/1\\.[01] [1-9][0-9][0-9]( .*)?")) {
        throw new IOException("it does not speak HTTP/1.1");
      }
      return Integer.parseInt(line.substring(9, 12));
    }

    private static long number(String text, int radix) throws IOException {
      if (!text.matches(radix == 16 ? "[0-9a-fA-F]{1,8}" : "[0-9]{1,10}")) {
        throw new IOException("a malformed length");
      }
      long number = Long.parseLong(text, radix);
      if (number > MAX_BODY) {
        throw new IOException("the answer is longer than " + MAX_BODY + " bytes");
      }
      return number;
    }

    private byte[] bytes(long length) throws IOException {
      byte[] bytes = new byte[(int) length];
      for (int i = 0; i < bytes.length; i++) {
        int c = next();
        if (c < 0) {
          throw new IOException("the answer is cut off");
        }
        bytes[i] = (byte) c;
      }
      return bytes;
    }

    private byte[] chunks(int[] budget) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      while (true) {
        String head = line(budget);
        int semicolon = head.indexOf(';');
        long size = number((semicolon < 0 ? head : head.substring(0, semicolon)).strip(), 16);
        if (size == 0) {
          while (!line(budget).isEmpty()) {
            // Trailers.
          }
          return all.toByteArray();
        }
        number(String.valueOf(all.size() + size), 10);
        all.writeBytes(bytes(size));
        if (!line(budget).isEmpty()) {
          throw new IOException("a malformed chunk");
        }
      }
    }

    private byte[] rest() throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      int c;
      while ((c = next()) >= 0) {
        if (all.size() >= MAX_BODY) {
          throw new IOException("the answer is longer than " + MAX_BODY + " bytes");
        }
        all.write(c);
      }
      return all.toByteArray();
    }

    @Override
    public void close() throws IOException {
      selector.close();
      channel.close();
    }
  }
}
