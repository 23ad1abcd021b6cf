package dev.vivarium.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
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

  @Test
  void aRegistryOutOfBreathIsAskedAgain() throws Exception {
    AtomicInteger refusals = new AtomicInteger(3);
    special =
        exchange -> {
          if (isLayer(exchange) && refusals.getAndDecrement() > 0) {
            exchange.getResponseHeaders().set("Retry-After", "0");
            answer(exchange, refusals.get() == 1 ? 429 : 503, new byte[0]);
            return true;
          }
          return false;
        };
    assertEquals(1, pull().layers().size());
  }

  @Test
  void aLongWaitIsNotSatOut() throws Exception {
    special =
        exchange -> {
          exchange.getResponseHeaders().set("Retry-After", "3600");
          answer(exchange, 429, new byte[0]);
          return true;
        };
    refused(Kind.REGISTRY, "429");
  }

  @Test
  void aBodyThatStallsIsGivenUpAndAskedForAgain() throws Exception {
    byte[] blob = image.blobs().get(LAYER);
    AtomicInteger stalls = new AtomicInteger(1);
    special =
        exchange -> {
          if (!isLayer(exchange) || stalls.getAndDecrement() <= 0) {
            return false;
          }
          exchange.sendResponseHeaders(200, blob.length);
          exchange.getResponseBody().write(blob, 0, 1000);
          exchange.getResponseBody().flush();
          try {
            Thread.sleep(20_000);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return true;
        };
    Descriptor descriptor =
        new Descriptor(
            "", LAYER, blob.length, Optional.empty(), Optional.empty(), Optional.empty(), Map.of());
    try (RegistryHttp http =
            new RegistryHttp(
                ImageReference.parse(name()), false, Optional.empty(), Duration.ofMillis(300));
        BlobStream in = new BlobStream(http, descriptor)) {
      assertArrayEquals(blob, in.readAllBytes());
    }
  }

  @Test
  void anIndexIsReadForTheMachineThatIsAskedFor() throws Exception {
    TestLayout arm =
        new TestLayout().platform("linux", "arm64").layer(new TestTar().file("arm", "x").end());
    byte[] armManifest = arm.manifest();
    image.blobs().putAll(arm.blobs());
    String type = "application/vnd.oci.image.manifest.v1+json";
    byte[] index =
        ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":["
                + platform(
                    TestLayout.descriptor(type, Digests.of(armManifest), armManifest.length),
                    "arm64")
                + ","
                + platform(
                    TestLayout.descriptor(type, Digests.of(manifest), manifest.length), "amd64")
                + "]}")
            .getBytes(UTF_8);
    special =
        exchange -> {
          if (!exchange.getRequestURI().getPath().endsWith("/manifests/1")) {
            return false;
          }
          exchange
              .getResponseHeaders()
              .set("Content-Type", "application/vnd.oci.image.index.v1+json");
          answer(exchange, 200, index);
          return true;
        };
    ImageRecord pulled = pull();
    assertEquals(Digests.of(manifest), pulled.manifestDigest());
    for (byte[] document : List.of(index, manifest)) {
      assertEquals(
          pulled.id(),
          store.find(name().replace(":1", "@" + Digests.of(document))).orElseThrow().id());
    }
    ImageRecord other =
        store.pull(
            ImageReference.parse(name()),
            PullOptions.DEFAULT.withArchitecture("arm64"),
            Progress.NONE);
    assertEquals(Digests.of(armManifest), other.manifestDigest());
    ImageException e =
        assertThrows(
            ImageException.class,
            () ->
                store.pull(
                    ImageReference.parse(name()),
                    PullOptions.DEFAULT.withArchitecture("s390x"),
                    Progress.NONE));
    assertTrue(e.getMessage().contains("linux/amd64, linux/arm64"), e.getMessage());
  }

  private static String platform(String descriptor, String architecture) {
    return descriptor.substring(0, descriptor.length() - 1)
        + ",\"platform\":{\"os\":\"linux\",\"architecture\":\""
        + architecture
        + "\"}}";
  }

  @Test
  void aCredentialHelperIsAsked() throws Exception {
    Path helper = directory.resolve("docker-credential-test");
    Files.writeString(
        helper,
        "#!/bin/sh\nread server\necho \"{\\\"Username\\\":\\\"me\\\",\\\"Secret\\\":\\\"$server\\\"}\"\n");
    assertTrue(helper.toFile().setExecutable(true));
    assertEquals(
        new Credentials("me", "registry.example", ""),
        CredentialHelper.ask(helper.toString(), "registry.example\n").orElseThrow());
    Files.writeString(helper, "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n");
    assertEquals(Optional.empty(), CredentialHelper.ask(helper.toString(), "x"));
    assertThrows(IOException.class, () -> CredentialHelper.get("../evil", "x"));
    assertThrows(IOException.class, () -> CredentialHelper.get("does-not-exist", "x"));
  }

  @Test
  void proxiesComeFromTheEnvironment() {
    EnvironmentProxy proxy =
        new EnvironmentProxy(
            Map.of(
                "https_proxy", "http://proxy.example:3128", "NO_PROXY", ".inside.example,exact"));
    assertEquals("proxy.example:3128", chosen(proxy, "https://registry.example/v2/"));
    assertEquals("none", chosen(proxy, "http://registry.example/v2/"));
    assertEquals("none", chosen(proxy, "https://a.inside.example/v2/"));
    assertEquals("none", chosen(proxy, "https://exact/v2/"));
    assertEquals("none", chosen(proxy, "https://localhost/v2/"));
  }

  private static String chosen(EnvironmentProxy proxy, String uri) {
    return proxy.select(URI.create(uri)).getFirst().address() instanceof InetSocketAddress address
        ? address.getHostString() + ":" + address.getPort()
        : "none";
  }
}
