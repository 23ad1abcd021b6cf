package dev.vivarium.engine.open;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.vivarium.engine.state.Directories;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IntakeTest {
  @TempDir private Path temp;
  private Intake intake;
  private HttpServer server;
  private final CountDownLatch over = new CountDownLatch(1);

  @BeforeEach
  void begin() throws IOException {
    Directories directories = new Directories(temp.resolve("run"), temp.resolve("state"));
    intake = Intake.create(directories);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
  }

  @AfterEach
  void end() throws IOException {
    over.countDown();
    server.stop(0);
    intake.close();
    assertFalse(Files.exists(intake.directory()));
  }

  @Test
  void namesThatDoSomethingBecomePlain() {
    assertEquals("a.deb", Intake.plainName("a.deb"));
    assertEquals("_rf", Intake.plainName("-rf"));
    assertEquals("_.", Intake.plainName(".."));
    assertEquals("a____31mb.sh", Intake.plainName("a$\033\n[31mb.sh"));
    assertEquals("a_b_c_", Intake.plainName("a b/c:"));
    assertEquals("file", Intake.plainName(""));
    String cut = Intake.plainName("x".repeat(300) + ".AppImage");
    assertEquals(100, cut.length());
    assertTrue(cut.endsWith(".AppImage"), cut);
  }

  @Test
  void aFileIsCopiedAndTheOriginalLeftAlone() throws IOException {
    Path file = Files.writeString(temp.resolve("; rm x.sh"), "#!/bin/sh\n");
    Path copy = intake.take(file);
    assertEquals("__rm_x.sh", copy.getFileName().toString());
    assertEquals("#!/bin/sh\n", Files.readString(copy));
    assertTrue(Files.isExecutable(copy));
    assertFalse(Files.isExecutable(file));
    assertThrows(IOException.class, () -> intake.take(temp));
  }

  private URI at(String path) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  private void answer(String path, int code, String header, String value, String body) {
    server.createContext(
        path,
        exchange -> {
          exchange.getResponseHeaders().add(header, value);
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(code, bytes.length == 0 ? -1 : bytes.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
          }
        });
  }

  private Path download(URI from, long most, int millis) throws Exception {
    return new Download(from, most, Duration.ofMillis(millis)).into(intake, bytes -> {});
  }

  private void fails(String what, URI from, long most, int millis) throws IOException {
    IOException e = assertThrows(IOException.class, () -> download(from, most, millis));
    assertTrue(String.valueOf(e.getMessage()).contains(what), e.getMessage());
    try (var left = Files.list(intake.directory())) {
      assertEquals(0, left.count(), "a part of it was left");
    }
  }

  @Test
  void aDownloadIsFollowedAndNamed() throws Exception {
    answer("/go", 302, "Location", "/files/a%20b.sh?x=1", "");
    answer("/files/", 200, "X", "y", "#!/bin/sh\n");
    Path file = download(at("/go"), 1000, 10_000);
    assertEquals("a_b.sh", file.getFileName().toString());
    assertEquals("#!/bin/sh\n", Files.readString(file));
    answer("/named", 200, "Content-Disposition", "attachment; filename=\"../../x.deb\"", "!");
    assertEquals("x.deb", download(at("/named"), 1000, 10_000).getFileName().toString());
  }

  @Test
  void aDownloadHasItsLimits() throws Exception {
    answer("/big", 200, "X", "y", "x".repeat(2000));
    fails("more than", at("/big"), 1000, 10_000);
    answer("/gone", 404, "X", "y", "no");
    fails("the server answered 404", at("/gone"), 1000, 10_000);
    answer("/loop", 302, "Location", "/loop", "");
    fails("leads from one place to the next", at("/loop"), 1000, 10_000);
    answer("/file", 302, "Location", "file:///etc/passwd", "");
    fails("something else than http", at("/file"), 1000, 10_000);
    server.createContext(
        "/slow",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write('x');
          exchange.getResponseBody().flush();
          try {
            over.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.close();
        });
    fails("it took longer", at("/slow"), 1000, 700);
  }

  @Test
  void anAddressWithAPasswordOrWithoutAHostIsNone() {
    assertThrows(IOException.class, () -> Download.parse("https://me:secret@example.org/x"));
    assertThrows(IOException.class, () -> Download.parse("https:///x"));
    assertThrows(IOException.class, () -> Download.parse("http://a b/"));
    assertTrue(Download.isUrl("HTTPS://example.org"));
    assertFalse(Download.isUrl("http.txt"));
  }
}
