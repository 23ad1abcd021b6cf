package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A machine whose monitor is one of ours: a process that does nothing, and its sockets. */
class RestMachineTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path temp;

  /** A vsock whose guest listens from the third attempt on; then it says hello at once. */
  private static final class FakeVsock implements AutoCloseable {
    private final ServerSocketChannel listener;
    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

    FakeVsock(Path socket, String... answers) throws IOException {
      listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual()
          .start(() -> {
            try {
              for (int i = 0; ; i++) {
                try (SocketChannel one = listener.accept()) {
                  InputStream in = Channels.newInputStream(one);
                  StringBuilder line = new StringBuilder();
                  int c;
                  while ((c = in.read()) >= 0 && c != '\n') {
                    line.append((char) c);
                  }
                  asked.add(line.toString());
                  String answer = answers[Math.min(i, answers.length - 1)];
                  one.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
                }
              }
            } catch (IOException e) {
              // Closed.
            }
          });
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private RestMachine start(String program, String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of(program));
    words.addAll(List.of(more));
    return RestMachine.start(
        "firecracker",
        words,
        RestApiTest.spec(MachineSpec.Bus.MMIO, 1, temp),
        RestApi.Places.in(temp),
        FirecrackerApi::new);
  }

  private FakeMonitor monitor() throws IOException {
    return FakeMonitor.checking(
        RestApi.Places.in(temp).control(),
        RestApiTest.FIRECRACKER,
        "{\"firecracker_version\":\"1\"}");
  }

  @Test
  void itIsBootedReachedPausedAndKilled() throws Exception {
    RestApi.Places places = RestApi.Places.in(temp);
    try (FakeMonitor monitor = monitor();
        FakeVsock vsock = new FakeVsock(places.vsock(), "", "NO\n", "OK 1073741824\nhello")) {
      RestMachine machine = start("sleep", "1000");
      try (SocketChannel agent = machine.openAgentPort(LONG)) {
        // What the guest says at once is not lost with the answer.
        assertEquals(
            "hello",
            new String(Channels.newInputStream(agent).readNBytes(5), StandardCharsets.US_ASCII));
      }
      assertEquals(Collections.nCopies(3, "CONNECT 10861"), List.copyOf(vsock.asked));
      machine.openFilesPort().close();
      assertEquals("CONNECT 10862", vsock.asked.getLast());
      assertEquals(new PortAddress(places.vsock(), "CONNECT 10863\n"), machine.networkPort());
      machine.pause(true);
      machine.pause(false);
      assertEquals("{\"state\":\"Resumed\"}", monitor.requests().getLast().body());
      assertEquals(List.of(), monitor.faults());
      machine.close();
      assertEquals("firecracker was killed by signal 9", machine.ended().get(20, TimeUnit.SECONDS));
    }
  }

  @Test
  void aMonitorThatEndsAtOnceSaysWhy() {
    VmmException e =
        assertThrows(
            VmmException.class, () -> start("sh", "-c", "echo 'no such flag' >&2; exit 3"));
    assertEquals("cannot start the virtual machine: no such flag", e.getMessage());
  }

  @Test
  void aMachineThatIsRefusedLeavesNoMonitor() throws Exception {
    try (FakeMonitor monitor =
        FakeMonitor.saying(
            RestApi.Places.in(temp).control(),
            "HTTP/1.1 400 Bad\r\nContent-Length: 7\r\n\r\nno disk")) {
      // It answers nothing else, so it is given up when it ends.
      VmmException e = assertThrows(VmmException.class, () -> start("sleep", "0.3"));
      assertTrue(e.getMessage().contains("400 no disk"), e.getMessage());
      assertTrue(!monitor.requests().isEmpty(), "asked");
    }
  }

  @Test
  void aGuestThatPanicsEndsItsMachineThoughItsMonitorWouldRestartIt() throws Exception {
    try (FakeMonitor monitor = monitor()) {
      RestMachine machine =
          start("sh", "-c", "sleep 0.2; echo 'Kernel panic - not syncing: bad'; exec sleep 1000");
      assertEquals("the guest's kernel panicked: bad", machine.ended().get(60, TimeUnit.SECONDS));
      assertEquals(List.of(), monitor.faults());
      // Nobody waits for the agent of a machine that is gone.
      IOException e = assertThrows(IOException.class, () -> machine.openAgentPort(LONG));
      assertEquals("the monitor ended", e.getMessage());
      machine.close();
    }
  }
}
