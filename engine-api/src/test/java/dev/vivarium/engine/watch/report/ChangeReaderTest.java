package dev.vivarium.engine.watch.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ChangeReaderTest {
  private final Map<String, byte[]> image = new HashMap<>();
  private final Map<String, byte[]> tar = new TreeMap<>();

  private final SandboxHost.Changes changes =
      new SandboxHost.Changes() {
        @Override
        public void writeTo(OutputStream out) throws IOException {
          LayerTarWriter writer = new LayerTarWriter(out);
          for (Map.Entry<String, byte[]> e : tar.entrySet()) {
            writer.entry(
                new TarEntry(
                    e.getKey(),
                    TarEntry.TYPE_FILE,
                    0644,
                    0,
                    0,
                    e.getValue().length,
                    0,
                    0,
                    "",
                    0,
                    0,
                    Map.of()),
                new ByteArrayInputStream(e.getValue()));
          }
          writer.end();
        }

        @Override
        public Optional<SandboxHost.Original> original(String path, int most) {
          return Optional.ofNullable(image.get(path))
              .map(c ->
                  new SandboxHost.Original(
                      c.length, c.length <= most ? Optional.of(c) : Optional.empty()));
        }
      };

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private Map<String, Change> read() throws IOException {
    ChangeReader reader = new ChangeReader();
    reader.read(changes);
    reader.compare(changes);
    Map<String, Change> byPath = new HashMap<>();
    for (Change c : reader.changes()) {
      byPath.put(c.path(), c);
    }
    return byPath;
  }

  @Test
  void textsAreComparedAndOtherFilesNamed() throws IOException {
    image.put("etc/motd", text("one\ntwo\n"));
    tar.put("etc/motd", text("one\n2\n"));
    tar.put("etc/new", text("hello\n"));
    image.put("bin/tool", new byte[2000]);
    tar.put("bin/tool", new byte[3000]);
    image.put("var/gone", text("was here\n"));
    tar.put("var/.wh.gone", new byte[0]);
    image.put("var/long", text("x\n".repeat(50_000)));
    tar.put("var/long", text("y\n"));
    image.put("var/same", text("same"));
    tar.put("var/same", text("same"));
    Map<String, Change> read = read();
    assertEquals("@@ -1,2 +1,2 @@\n one\n-two\n+2", read.get("/etc/motd").diff());
    assertTrue(read.get("/etc/motd").existed());
    assertEquals("hello", read.get("/etc/new").preview());
    assertFalse(read.get("/etc/new").existed());
    Change tool = read.get("/bin/tool");
    assertTrue(tool.binary() && tool.diff().isEmpty() && tool.preview().isEmpty());
    assertEquals("was 2.0 kB", tool.note());
    assertEquals("deleted", read.get("/var/gone").kind());
    assertEquals("@@ -1 +0,0 @@\n-was here", read.get("/var/gone").diff());
    assertTrue(read.get("/var/long").note().startsWith("too long"));
    assertEquals("its content is as it was", read.get("/var/same").note());
  }

  @Test
  void aGuestCannotMakeItLong() throws IOException {
    for (int i = 0; i < 6000; i++) {
      tar.put("f" + i, text("line\n".repeat(i < 200 ? 10_000 : 1)));
      image.put("f" + i, text("row\n".repeat(i < 200 ? 10_000 : 1)));
    }
    tar.put("huge", new byte[20 << 20]);
    Map<String, Change> read = read();
    assertEquals(5000, read.size());
    assertTrue(read.values().stream().mapToInt(c -> c.diff().length()).sum() < 2 << 20);
  }

  @Test
  void aBrokenStreamIsAnError() {
    SandboxHost.Changes broken =
        out -> {
          out.write(new byte[700]);
          throw new IOException("no more");
        };
    assertThrows(IOException.class, () -> new ChangeReader().read(broken));
    assertThrows(
        IOException.class,
        () ->
            new ChangeReader()
                .read(out -> out.write("x".repeat(2000).getBytes(StandardCharsets.US_ASCII))));
    assertEquals(List.of(), new ChangeReader().changes());
  }
}
