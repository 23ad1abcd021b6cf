package dev.vivarium.image.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Images come from where the user says: mirrors, proxies, and the one for a machine. */
class PlacesTest {
  @TempDir Path directory;

  private static TestLayout layout(String content) {
    return new TestLayout().layer(new TestTar().file("a", content).end());
  }

  private ImageRecord pull(String name, PullOptions options) throws ImageException {
    try (ImageStore store = ImageStore.open(directory.resolve("store"))) {
      return store.pull(ImageReference.parse(name), options, Progress.NONE);
    }
  }

  private PullOptions mirrors(String json) throws Exception {
    return PullOptions.DEFAULT.withMirrors(
        Files.writeString(directory.resolve("registries.json"), json));
  }

  @Test
  void aMirrorIsAskedFirstAndTheImageKeepsItsName() throws Exception {
    try (FakeRegistry mirror = new FakeRegistry()) {
      mirror.image("12", layout("x"));
      ImageRecord image =
          pull(
              "debian:12",
              mirrors("{\"mirrors\":{\"docker.io\":[\"" + mirror.host() + "/hub\"]}}"));
      assertEquals(List.of("docker.io/library/debian:12"), image.tags());
      assertTrue(mirror.requests().contains("/v2/hub/library/debian/manifests/12"));
    }
  }

  @Test
  void aMirrorThatIsAwayOrLiesIsPassedOver() throws Exception {
    try (FakeRegistry lying = new FakeRegistry();
        FakeRegistry origin = new FakeRegistry()) {
      TestLayout layout = layout("x");
      origin.image("1", layout);
      lying.image("1", layout);
      // The same manifest, but another layer behind its digest.
      String layer = layout.blobs().keySet().stream().sorted().toList().getFirst();
      lying.manifest("1", "{}".getBytes(UTF_8));
      PullOptions options =
          mirrors(
              "{\"mirrors\":{\""
                  + origin.host()
                  + "\":[\"localhost:1\",\""
                  + lying.host()
                  + "\"]}}");
      ImageRecord image = pull(origin.host() + "/team/image:1", options);
      assertEquals(List.of(origin.host() + "/team/image:1"), image.tags());
      assertTrue(lying.requests().stream().anyMatch(r -> r.contains("/manifests/1")), layer);
    }
  }

  @Test
  void aListOfMirrorsThatCannotBeReadIsNamed() throws Exception {
    for (String text :
        List.of("{", "{\"mirrors\":[]}", "{\"mirrors\":{\"docker.io\":[\"no host\"]}}")) {
      ImageException e = assertThrows(ImageException.class, () -> pull("debian:12", mirrors(text)));
      assertTrue(e.getMessage().contains("registries.json"), e.getMessage());
    }
  }

  private static byte[] index(String amd64, int size, String arm, int armSize) {
    String entry =
        "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\","
            + "\"size\":%d,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"%s}}";
    return ("{\"schemaVersion\":2,\"manifests\":["
            + entry.formatted(amd64, size, "amd64", "")
            + ","
            + entry.formatted(arm, armSize, "arm", ",\"variant\":\"v7\"")
            + "]}")
        .getBytes(UTF_8);
  }

  @Test
  void theImageForTheMachineThatWasAskedForIsTaken() throws Exception {
    try (FakeRegistry registry = new FakeRegistry()) {
      TestLayout amd64 = layout("amd64");
      TestLayout arm = layout("arm").platform("linux", "arm");
      String first = registry.image("a", amd64);
      String second = registry.image("b", arm);
      registry.manifest("1", index(first, amd64.manifest().length, second, arm.manifest().length));
      String name = registry.host() + "/team/image:1";
      assertEquals(first, pull(name, PullOptions.DEFAULT).manifestDigest());
      for (String wanted : List.of("arm", "arm/v7")) {
        assertEquals(
            second, pull(name, PullOptions.DEFAULT.withArchitecture(wanted)).manifestDigest());
      }
      ImageException e =
          assertThrows(
              ImageException.class,
              () -> pull(name, PullOptions.DEFAULT.withArchitecture("arm/v6")));
      assertEquals(Kind.UNSUPPORTED, e.kind());
      assertTrue(e.getMessage().contains("linux/amd64, linux/arm/v7"), e.getMessage());
    }
  }

  @Test
  void aProxyIsAskedAndLoggedInTo() throws Exception {
    List<String> asked = Collections.synchronizedList(new ArrayList<>());
    HttpServer proxy =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    String login = "Basic " + Base64.getEncoder().encodeToString("me:secret".getBytes(UTF_8));
    proxy.createContext(
        "/",
        exchange -> {
          try (exchange) {
            if (!login.equals(exchange.getRequestHeaders().getFirst("Proxy-Authorization"))) {
              exchange.getResponseHeaders().set("Proxy-Authenticate", "Basic realm=\"proxy\"");
              exchange.sendResponseHeaders(407, -1);
              return;
            }
            asked.add(
                exchange.getRequestHeaders().getFirst("Host") + exchange.getRequestURI().getPath());
            exchange.sendResponseHeaders(404, -1);
          }
        });
    proxy.start();
    Map<String, String> environment =
        Map.of(
            "http_proxy",
            "http://me:secret@localhost:" + proxy.getAddress().getPort(),
            "no_proxy",
            "inside.test");
    try (RegistryHttp http = http("registry.test/team/image:1", environment);
        Answer answer = http.get("manifests/1", Map.of())) {
      assertEquals(404, answer.status());
      assertEquals(List.of("registry.test/v2/team/image/manifests/1"), asked);
    } finally {
      proxy.stop(0);
    }
    EnvironmentProxy rules = new EnvironmentProxy(environment);
    for (String direct :
        List.of("http://inside.test/", "http://a.inside.test/", "http://127.0.0.1/")) {
      assertEquals(
          List.of(java.net.Proxy.NO_PROXY), rules.select(java.net.URI.create(direct)), direct);
    }
  }

  private static RegistryHttp http(String name, Map<String, String> environment)
      throws ImageException {
    return new RegistryHttp(
        ImageReference.parse(name), true, Optional.empty(), Duration.ofSeconds(5), environment);
  }

  @Test
  void aProxyThatCannotBeUsedIsNotGoneAround() {
    for (String proxy :
        List.of("socks5://u:secret@localhost:1", "https://localhost:1", "http://")) {
      ImageException e =
          assertThrows(
              ImageException.class, () -> http("registry.test/a:1", Map.of("HTTP_PROXY", proxy)));
      assertEquals(Kind.UNSUPPORTED, e.kind());
      assertTrue(!e.getMessage().contains("secret"), e.getMessage());
    }
  }
}
