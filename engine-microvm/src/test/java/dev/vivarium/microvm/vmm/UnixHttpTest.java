package dev.vivarium.microvm.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnixHttpTest {
  @TempDir Path temp;

  private UnixHttp.Response ask(String answer, Duration patience) throws IOException {
    Path socket = temp.resolve("s");
    Files.deleteIfExists(socket);
    try (FakeMonitor monitor = FakeMonitor.saying(socket, answer)) {
      UnixHttp.Response response =
          new UnixHttp(socket, patience).send("PUT", "/x", "{\"a\":\"ü\"}");
      assertEquals("{\"a\":\"ü\"}", monitor.requests().getFirst().body());
      assertTrue(monitor.faults().isEmpty(), monitor.faults().toString());
      return response;
    }
  }

  private UnixHttp.Response ask(String answer) throws IOException {
    return ask(answer, Duration.ofSeconds(20));
  }

  @Test
  void aBodyHasTheLengthThatIsSaid() throws Exception {
    UnixHttp.Response response =
        ask("HTTP/1.1 200 OK\r\ncontent-LENGTH:  5\r\nX: y\r\n\r\nhellothere");
    assertEquals(200, response.status());
    assertEquals("hello", response.body());
  }

  @Test
  void anAnswerWithoutABodyEndsWithItsHead() throws Exception {
    UnixHttp.Response response =
        ask("HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n");
    assertEquals(204, response.status());
    assertEquals("", response.body());
    assertTrue(response.isSuccess());
  }

  @Test
  void chunksArePutTogether() throws Exception {
    assertEquals(
        "hello there",
        ask("HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6;x=y\r\n there\r\n0\r\nTrailer: z\r\n\r\n")
            .body());
  }

  @Test
  void whatComesBeforeTheAnswerIsPassedOver() throws Exception {
    assertEquals(
        "no",
        ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
            .body());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SSH-2.0-x~|does not speak HTTP",
        "HTTP/2 200~~|does not speak HTTP",
        "HTTP/1.1 99 x~~|does not speak HTTP",
        "HTTP/1.1 200 OK~novalue~~|malformed header",
        "HTTP/1.1 200 OK~Content-Length: -1~~|malformed length",
        "HTTP/1.1 200 OK~Content-Length: 99999999~~|longer than",
        "HTTP/1.1 200 OK~Content-Length: 2~Content-Length: 3~~ab|two lengths",
        "HTTP/1.1 200 OK~Transfer-Encoding: gzip~~|unknown coding",
        "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~zz~|malformed length",
        "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~ffffffff~|longer than",
        "HTTP/1.1 200 OK~Transfer-Encoding: chunked~~2~abcd~|malformed chunk"
      })
  void whatIsNotAnAnswerIsRefused(String answer, String reason) {
    IOException e = assertThrows(IOException.class, () -> ask(answer.replace("~", "\r\n")));
    assertTrue(e.getMessage().contains(reason), e.getMessage());
  }

  @Test
  void nothingGrowsWithoutBound() {
    String head = "HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(5000);
    assertTrue(
        assertThrows(IOException.class, () -> ask(head)).getMessage().contains("head"), "head");
    String chunks =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + ("80000\r\n" + "a".repeat(0x80000) + "\r\n").repeat(3);
    assertTrue(
        assertThrows(IOException.class, () -> ask(chunks)).getMessage().contains("longer"), "body");
  }

  @Test
  void whoDoesNotAnswerInTimeIsGivenUp() {
    IOException e =
        assertThrows(
            IOException.class,
            () -> ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", Duration.ofMillis(100)));
    assertTrue(e.getMessage().contains("within 100 ms"), e.getMessage());
  }
}
