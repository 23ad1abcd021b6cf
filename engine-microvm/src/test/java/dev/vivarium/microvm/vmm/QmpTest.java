package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The control protocol, with a QEMU that says what it is told to say. */
@Timeout(20)
class QmpTest {
  private static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";
  private static final String DONE = "{\"return\": {}}\r\n";
  private static final String RESUME =
      "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RESUME\"}\r\n";

  private ServerSocketChannel listener;
  private SocketChannel ours;
  private SocketChannel qemu;

  @BeforeEach
  void connect(@TempDir Path directory) throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("qmp"));
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address);
    qemu = SocketChannel.open(address);
    ours = listener.accept();
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
    ours.close();
    qemu.close();
  }

  private void says(String text) throws IOException {
    qemu.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void isToldAllAtOnceBeforeItHasGreeted() throws Exception {
    CompletableFuture<List<String>> heard =
        CompletableFuture.supplyAsync(() -> {
          try {
            BufferedReader in =
                new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(qemu), StandardCharsets.UTF_8));
            List<String> lines = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
              lines.add(in.readLine());
            }
            says(GREETING + DONE + DONE + DONE + RESUME);
            return lines;
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    Qmp qmp = new Qmp(ours, Qmp.command("one", "{}"), Qmp.command("two", "{\"a\":1}"));
    qmp.awaitResumed();
    assertEquals(
        List.of(
            "{\"execute\":\"qmp_capabilities\",\"arguments\":{}}",
            "{\"execute\":\"one\",\"arguments\":{}}",
            "{\"execute\":\"two\",\"arguments\":{\"a\":1}}"),
        heard.get());
  }

  @Test
  void aGuestThatGoesOnBeforeTheAnswerIsNotWaitedForAgain() throws Exception {
    says(GREETING + DONE + RESUME + DONE);
    new Qmp(ours, Qmp.command("migrate-incoming", "{}")).awaitResumed();
  }

  @Test
  void whatItRefusesAtOnceIsAFailure() throws Exception {
    says(
        GREETING
            + DONE
            + "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such file\"}}\r\n");
    IOException refused =
        assertThrows(IOException.class, () -> new Qmp(ours, Qmp.command("one", "{}")));
    assertTrue(String.valueOf(refused.getMessage()).endsWith(": no such file"), refused.toString());
  }

  @Test
  void aMonitorThatEndsBeforeTheGuestGoesOnIsGone() throws Exception {
    says(GREETING + DONE + "{\"timestamp\": {}, \"event\": \"STOP\"}\r\n");
    Qmp qmp = new Qmp(ours);
    qemu.close();
    assertThrows(IOException.class, qmp::awaitResumed);
  }
}
