package dev.vivarium.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A registry that lies, stalls or asks for proof. */
class HostileRegistryTest {
  @TempDir Path directory;
  private final TestLayout image =
      new TestLayout().layer(new TestTar().file("a", TestTar.content(300_000, 1)).end());
  private final byte[] manifest = image.manifest();
  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private HttpServer server;
  private ExecutorService threads;
  private ImageStore store;

  /** Answers a request, or leaves it to the honest handler. */
  private volatile Handler special = exchange -> false;

  private interface Handler {
    boolean handle(HttpExchange exchange) throws IOException;
  }

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            requests.add(exchange.getRequestURI().toString());
            if (!special.handle(exchange)) {
              honest(exchange);
            }
          }
        });
    server.start();
    store = ImageStore.open(directory.resolve("store"));
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
    store.close();
  }

  private void honest(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String last = path.substring(path.lastIndexOf('/') + 1);
    if (path.equals("/v2/")) {
      answer(exchange, 200, "{}".getBytes(UTF_8));
    } else if (path.contains("/manifests/")
        && (last.equals("1") || image.blobs().containsKey(last))) {
      exchange
          .getResponseHeaders()
          .set("Content-Type", "application/vnd.oci.image.manifest.v1+json");
      answer(exchange, 200, last.equals("1") ? manifest : image.blobs().get(last));
    } else if (path.contains("/blobs/") && image.blobs().containsKey(last)) {
      byte[] blob = image.blobs().get(last);
      String range = exchange.getRequestHeaders().getFirst("Range");
      if (range != null) {
        int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
        answer(exchange, 206, Arrays.copyOfRange(blob, from, blob.length));
      } else {
        answer(exchange, 200, blob);
      }
    } else {
      answer(
          exchange,
          404,
          "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"m\"}]}".getBytes(UTF_8));
    }
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private static boolean isLayer(HttpExchange exchange) {
    return exchange.getRequestURI().getPath().contains("/blobs/")
        && requestsLarge(exchange.getRequestURI().getPath());
  }

  private static boolean requestsLarge(String path) {
    return path.endsWith(LAYER.substring(LAYER.indexOf(':') + 1));
  }

  private static final String LAYER =
      Digests.of(TestLayout.gzip(new TestTar().file("a", TestTar.content(300_000, 1)).end()));

  private String name() {
    return "localhost:" + server.getAddress().getPort() + "/team/image:1";
  }

  private ImageRecord pull() throws ImageException {
    return store.pull(ImageReference.parse(name()), PullOptions.DEFAULT, Progress.NONE);
  }

  private void refused(Kind kind, String message) throws ImageException {
    ImageException e = assertThrows(ImageException.class, this::pull);
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertEquals(kind, e.kind(), e.getMessage());
    assertEquals(List.of(), store.list());
  }

  @Test
  void anHonestRegistryIsBelieved() throws Exception {
    ImageRecord pulled = pull();
    assertEquals(List.of(name()), pulled.tags());
    assertEquals(Digests.of(manifest), pulled.manifestDigest());
    String byDigest = name().replace(":1", "@" + Digests.of(manifest));
    assertEquals(pulled, store.find(byDigest).orElseThrow());
  }

  @Test
  void whatIsThereIsNotFetchedAgain() throws Exception {
    pull();
    requests.clear();
    pull();
    assertTrue(
        requests.stream().noneMatch(HostileRegistryTest::requestsLarge), requests.toString());
  }

  @Test
  void anUnknownImageIsNamed() throws Exception {
    ImageException e =
        assertThrows(
            ImageException.class,
            () ->
                store.pull(
                    ImageReference.parse(name() + "23"), PullOptions.DEFAULT, Progress.NONE));
    assertEquals(Kind.NOT_FOUND, e.kind());
    assertTrue(e.getMessage().contains("MANIFEST_UNKNOWN"), e.getMessage());
  }

  @Test
  void anAnnouncedDigestThatIsWrongIsRefused() throws Exception {
    special =
        exchange -> {
          exchange.getResponseHeaders().set("Docker-Content-Digest", "sha256:" + "0".repeat(64));
          return false;
        };
    refused(Kind.BAD_IMAGE, "wrong digest");
  }

  @Test
  void anotherManifestThanAskedForIsRefused() throws Exception {
    String wanted = "sha256:" + "1".repeat(64);
    special =
        exchange -> {
          if (exchange.getRequestURI().getPath().contains("/manifests/")) {
            answer(exchange, 200, manifest);
            return true;
          }
          return false;
        };
    ImageReference reference = ImageReference.parse(name().replace(":1", "@" + wanted));
    ImageException e =
        assertThrows(
            ImageException.class, () -> store.pull(reference, PullOptions.DEFAULT, Progress.NONE));
    assertTrue(e.getMessage().contains("wrong digest"), e.getMessage());
  }

  @Test
  void aLayerOfOtherBytesIsRefused() throws Exception {
    byte[] other = TestLayout.gzip(new TestTar().file("a", TestTar.content(300_000, 2)).end());
    special =
        exchange -> {
          if (!isLayer(exchange)) {
            return false;
          }
          answer(exchange, 200, Arrays.copyOf(other, image.blobs().get(LAYER).length));
          return true;
        };
    refused(Kind.BAD_IMAGE, "layer");
  }

  @Test
  void anEndlessLayerIsCutOff() throws Exception {
    byte[] blob = image.blobs().get(LAYER);
    special =
        exchange -> {
          if (!isLayer(exchange)) {
            return false;
          }
          exchange.sendResponseHeaders(200, 0);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(blob);
            while (true) {
              out.write(new byte[1000]);
            }
          } catch (IOException e) {
            return true; // hung up on
          }
        };
    refused(Kind.BAD_IMAGE, "layer");
  }

  @Test
  void anEndlessManifestIsCutOff() throws Exception {
    special =
        exchange -> {
          if (!exchange.getRequestURI().getPath().contains("/manifests/")) {
            return false;
          }
          exchange.sendResponseHeaders(200, 0);
          try (OutputStream out = exchange.getResponseBody()) {
            while (true) {
              out.write("{\"a\":".getBytes(UTF_8));
            }
          } catch (IOException e) {
            return true;
          }
        };
    refused(Kind.REGISTRY, "4194304 bytes");
  }

  @Test
  void aBrokenConnectionIsTakenUpAgainWhereItBroke() throws Exception {
    byte[] blob = image.blobs().get(LAYER);
    special =
        exchange -> {
          if (!isLayer(exchange) || exchange.getRequestHeaders().containsKey("Range")) {
            return false;
          }
          exchange.sendResponseHeaders(200, blob.length);
          exchange.getResponseBody().write(blob, 0, 100_000);
          exchange.getResponseBody().flush();
          throw new IOException("cut");
        };
    assertEquals(1, pull().layers().size());
  }

  @Test
  void redirectsLeadToHttpOnly() throws Exception {
    for (String target :
        List.of("file:///etc/passwd", "ftp://localhost/x", "jar:file:/x!/y", "http:///x", "::")) {
      special =
          exchange -> {
            if (!isLayer(exchange)) {
              return false;
            }
            exchange.getResponseHeaders().set("Location", target);
            answer(exchange, 307, new byte[0]);
            return true;
          };
      refused(Kind.REGISTRY, "redirect");
    }
  }

  @Test
  void redirectsWithoutEndAreRefused() throws Exception {
    special =
        exchange -> {
          exchange.getResponseHeaders().set("Location", exchange.getRequestURI().toString());
          answer(exchange, 302, new byte[0]);
          return true;
        };
    refused(Kind.REGISTRY, "without end");
  }

  @Test
  void credentialsGoToTheRegistryAndNotWhereItRedirects() throws Exception {
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    List<String> leaked = Collections.synchronizedList(new ArrayList<>());
    other.createContext(
        "/",
        exchange -> {
          try (exchange) {
            leaked.addAll(exchange.getRequestHeaders().getOrDefault("Authorization", List.of()));
            answer(exchange, 200, image.blobs().get(LAYER));
          }
        });
    other.start();
    String secret = Base64.getEncoder().encodeToString("me:secret".getBytes(UTF_8));
    String base = "http://localhost:" + server.getAddress().getPort();
    List<String> tokens = Collections.synchronizedList(new ArrayList<>());
    special =
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          String authorization = exchange.getRequestHeaders().getFirst("Authorization");
          if (path.equals("/token")) {
            tokens.add(exchange.getRequestURI().getQuery() + " " + authorization);
            answer(exchange, 200, "{\"token\":\"t0ken\"}".getBytes(UTF_8));
            return true;
          }
          if (!"Bearer t0ken".equals(authorization)) {
            exchange
                .getResponseHeaders()
                .set(
                    "WWW-Authenticate",
                    "Bearer realm=\""
                        + base
                        + "/token\",service=\"s\",scope=\"repository:team/image:pull\"");
            answer(exchange, 401, "{}".getBytes(UTF_8));
            return true;
          }
          if (isLayer(exchange)) {
            exchange
                .getResponseHeaders()
                .set("Location", "http://localhost:" + other.getAddress().getPort() + "/blob");
            answer(exchange, 307, new byte[0]);
            return true;
          }
          return false;
        };
    Path authFile =
        Files.writeString(
            directory.resolve("auth.json"),
            "{\"auths\":{\"localhost:"
                + server.getAddress().getPort()
                + "\":{\"auth\":\""
                + secret
                + "\"}}}");
    try {
      store.pull(
          ImageReference.parse(name()),
          new PullOptions(false, "amd64", Optional.of(authFile)),
          Progress.NONE);
    } finally {
      other.stop(0);
    }
    assertEquals(List.of(), leaked);
    assertEquals(List.of("service=s&scope=repository:team/image:pull Basic " + secret), tokens);
  }

  @Test
  void aRegistryThatDeniesSaysSo() throws Exception {
    special =
        exchange -> {
          answer(
              exchange,
              403,
              "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\nway\"}]}".getBytes(UTF_8));
          return true;
        };
    refused(Kind.DENIED, "DENIED: no?way");
  }

  @Test
  void noRegistryIsOneLine() throws Exception {
    server.stop(0);
    refused(Kind.REGISTRY, "cannot reach the registry");
  }
}
