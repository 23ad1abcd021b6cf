package dev.vivarium.microvm.vmm;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** The control interface of a monitor without a machine: checks requests and answers them. */
final class FakeMonitor implements AutoCloseable {
  /** A request. */
  record Request(String method, String path, String body) {}

  /** What answers them: the bytes of an answer, or a refusal. */
  interface Answerer {
    String answer(Request request) throws IOException;
  }

  private final ServerSocketChannel listener;
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
  private final List<String> faults = Collections.synchronizedList(new ArrayList<>());

  private FakeMonitor(Path socket, Answerer answerer) throws IOException {
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    listener.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(() -> serve(answerer));
  }

  /** One that sends the same bytes whatever it is asked. */
  static FakeMonitor saying(Path socket, String bytes) throws IOException {
    return new FakeMonitor(socket, request -> bytes);
  }

  /** One that checks each request by a table. */
  static FakeMonitor checking(Path socket, ApiTable table, String answer) throws IOException {
    List<String> faults = new ArrayList<>();
    FakeMonitor monitor =
        new FakeMonitor(
            socket,
            request -> {
              try {
                int status = table.check(request.method(), request.path(), request.body());
                return status == 204
                    ? "HTTP/1.1 204 \r\nServer: fake\r\nConnection: keep-alive\r\n\r\n"
                    : "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(status, answer.length(), answer);
              } catch (IllegalArgumentException e) {
                synchronized (faults) {
                  faults.add(e.getMessage());
                }
                return "HTTP/1.1 400 Bad Request\r\n"
                    + "Content-Length: 21\r\n\r\n"
                    + "{\"fault_message\":\"x\"}";
              }
            });
    monitor.checked = faults;
    return monitor;
  }

  private List<String> checked = List.of();

  private void serve(Answerer answerer) {
    try {
      while (true) {
        SocketChannel channel = listener.accept();
        Thread.ofVirtual().start(() -> one(channel, answerer));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void one(SocketChannel channel, Answerer answerer) {
    try (channel) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
      OutputStream out = Channels.newOutputStream(channel);
      String first = line(in);
      String[] words = first.split(" ");
      int length = 0;
      boolean host = false;
      String field;
      while (!(field = line(in)).isEmpty()) {
        String lower = field.toLowerCase(Locale.ROOT);
        host |= lower.startsWith("host:");
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring("content-length:".length()).strip());
        }
      }
      if (words.length != 3 || !words[2].equals("HTTP/1.1") || !host) {
        faults.add("not a request: " + first);
      }
      Request request =
          new Request(
              words[0], words[1], new String(in.readNBytes(length), StandardCharsets.UTF_8));
      requests.add(request);
      out.write(answerer.answer(request).getBytes(StandardCharsets.ISO_8859_1));
      // As the real ones, it keeps the connection until the other end closes it.
      in.read();
    } catch (IOException e) {
      // The client has what it wanted.
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int c;
    while ((c = in.read()) >= 0 && c != '\n') {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  /** What it was asked, in order. */
  List<Request> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  /** What was wrong with them. */
  List<String> faults() {
    List<String> all = new ArrayList<>(faults);
    synchronized (checked) {
      all.addAll(checked);
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
