package dev.vivarium.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * As much of a registry as a push and a pull need, in this process: what {@link Training} speaks
 * to. It keeps whatever is put and gives it back.
 */
final class TrainingRegistry implements AutoCloseable {
  private static final int MAX_BODY = 1 << 20;

  private final ServerSocket server;
  private final Map<String, byte[]> content = new ConcurrentHashMap<>();
  private final Map<String, String> types = new ConcurrentHashMap<>();

  TrainingRegistry() throws IOException {
    server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().start(this::accept);
  }

  String host() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  private void accept() {
    while (true) {
      try {
        Socket socket = server.accept();
        Thread.ofPlatform().daemon().start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private void serve(Socket socket) {
    try (socket;
        InputStream in = new BufferedInputStream(socket.getInputStream());
        OutputStream out = socket.getOutputStream()) {
      for (String request = line(in); !request.isEmpty(); request = line(in)) {
        int length = 0;
        String type = "";
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
          int colon = header.indexOf(':');
          String value = header.substring(colon + 1).strip();
          switch (header.substring(0, colon).toLowerCase(Locale.ROOT)) {
            case "content-length" -> length = Integer.parseInt(value);
            case "content-type" -> type = value;
            default -> {
              // of no use here
            }
          }
        }
        byte[] body = in.readNBytes(Math.min(length, MAX_BODY));
        String[] words = request.split(" ");
        answer(words[0], words[1], type, body, out);
      }
    } catch (IOException | RuntimeException e) {
      // the other side notices
    }
  }

  private void answer(String method, String path, String type, byte[] body, OutputStream out)
      throws IOException {
    if (method.equals("POST")) {
      answer(out, "202 Accepted", "Location: " + path + "x", new byte[0], 0);
    } else if (method.equals("PUT")) {
      int digest = path.indexOf("digest=");
      String name =
          digest < 0
              ? path
              : path.replaceFirst("uploads/.*", path.substring(digest + 7).replace("%3A", ":"));
      content.put(name, body);
      types.put(name, type);
      answer(out, "201 Created", "X: x", new byte[0], 0);
    } else if (path.equals("/v2/")) {
      answer(out, "200 OK", "X: x", new byte[0], 0);
    } else if (content.get(path) instanceof byte[] found) {
      String header = "Content-Type: " + types.getOrDefault(path, "");
      answer(out, "200 OK", header, method.equals("HEAD") ? new byte[0] : found, found.length);
    } else {
      answer(out, "404 Not Found", "X: x", new byte[0], 0);
    }
  }

  private static void answer(
      OutputStream out, String status, String header, byte[] body, int length) throws IOException {
    String head =
        "HTTP/1.1 " + status + "\r\n" + header + "\r\nContent-Length: " + length + "\r\n\r\n";
    byte[] bytes = head.getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[bytes.length + body.length];
    System.arraycopy(bytes, 0, all, 0, bytes.length);
    System.arraycopy(body, 0, all, bytes.length, body.length);
    out.write(all);
    out.flush();
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int c;
    while ((c = in.read()) >= 0 && c != '\n' && line.length() < 8192) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
