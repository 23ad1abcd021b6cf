package dev.vivarium.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/** An honest registry in this process, whose content tests set. */
public final class FakeRegistry implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, byte[]> manifests = new ConcurrentHashMap<>();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<String, byte[]> others = new ConcurrentHashMap<>();
  private volatile Consumer<String> before = uri -> {};
  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  public FakeRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String path = exchange.getRequestURI().getPath();
            requests.add(exchange.getRequestURI().toString());
            before.accept(exchange.getRequestURI().toString());
            String last = path.substring(path.lastIndexOf('/') + 1);
            byte[] body =
                path.equals("/v2/")
                    ? "{}".getBytes(UTF_8)
                    : path.contains("/manifests/")
                        ? manifests.get(last)
                        : path.contains("/blobs/") ? blobs.get(last) : others.get(path);
            if (body == null) {
              exchange.sendResponseHeaders(404, -1);
              return;
            }
            String text = new String(body, 0, Math.min(body.length, 400), UTF_8);
            String type =
                text.contains("\"manifests\"")
                    ? "application/vnd.oci.image.index.v1+json"
                    : "application/vnd.oci.image.manifest.v1+json";
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
          }
        });
    server.start();
  }

  public int port() {
    return server.getAddress().getPort();
  }

  /** {@code localhost:PORT}. */
  public String host() {
    return "localhost:" + port();
  }

  /** Serves a manifest under a tag and its digest; the digest. */
  public String manifest(String tag, byte[] content) {
    manifests.put(tag, content);
    manifests.put(Digests.of(content), content);
    return Digests.of(content);
  }

  /** Serves all blobs of an image, and its manifest under a tag; the manifest's digest. */
  public String image(String tag, TestLayout layout) {
    byte[] manifest = layout.manifest();
    layout.blobs().forEach(blobs::put);
    return manifest(tag, manifest);
  }

  /** Serves a blob; its digest. */
  public String blob(byte[] content) {
    blobs.put(Digests.of(content), content);
    return Digests.of(content);
  }

  /** Serves something under any other path. */
  public void other(String path, byte[] content) {
    others.put(path, content);
  }

  /** What happens at each request, before it is answered; it may wait. */
  public void before(Consumer<String> action) {
    before = action;
  }

  public List<String> requests() {
    return requests;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
