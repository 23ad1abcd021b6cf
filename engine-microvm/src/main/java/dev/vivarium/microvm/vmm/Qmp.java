package dev.vivarium.microvm.vmm;

import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.JsonDocument;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * QEMU's control protocol (docs/interop/qmp-spec): one command at a time, its answer, events passed
 * over. QEMU may have been taken over by its guest, so what it says is bounded.
 */
final class Qmp implements Closeable {
  private static final int MAX_LINE = 1 << 16;
  private static final int MAX_DEPTH = 32;

  /** What comes beside an answer or an event, before it or behind it. */
  private static final Set<String> BESIDE = Set.of("timestamp", "data", "id");

  private final SocketChannel channel;
  private final BufferedReader in;
  private final OutputStream out;

  private boolean resumed;

  /**
   * Takes a fresh connection: reads the greeting and leaves the negotiation.
   *
   * @param commands are carried out after it. QEMU is told all at once, when it has connected: it
   *     reads one byte after the other, which it can do while it makes the machine.
   */
  Qmp(SocketChannel channel, String... commands) throws IOException {
    this.channel = channel;
    this.in =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    this.out = Channels.newOutputStream(channel);
    send(command("qmp_capabilities", "{}") + String.join("", commands));
    Answer greeting = read();
    if (!greeting.key().equals("QMP")) {
      throw new IOException("QEMU did not greet");
    }
    for (int i = 0; i <= commands.length; i++) {
      answer("what it is told first");
    }
  }

  /**
   * A command as QEMU is to read it.
   *
   * @param arguments a JSON object
   */
  static String command(String command, String arguments) {
    return "{\"execute\":\"" + command + "\",\"arguments\":" + arguments + "}\n";
  }

  /**
   * Carries out a command.
   *
   * @param arguments a JSON object
   * @return the texts, numbers and truths of the answer by their names
   * @throws IOException if QEMU refuses or is gone
   */
  Map<String, String> execute(String command, String arguments) throws IOException {
    send(command(command, arguments));
    return answer(command).values();
  }

  /** Waits until the guest goes on. */
  void awaitResumed() throws IOException {
    while (!resumed) {
      heard(read());
    }
  }

  private void send(String lines) throws IOException {
    out.write(lines.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private void heard(Answer answer) {
    resumed |= "RESUME".equals(answer.values().get("event"));
  }

  private Answer answer(String command) throws IOException {
    while (true) {
      Answer answer = read();
      switch (answer.key()) {
        case "return" -> {
          return answer;
        }
        case "error" ->
            throw new IOException(
                "QEMU refuses " + command + ": " + answer.values().getOrDefault("desc", "?"));
        default -> heard(answer);
      }
    }
  }

  /** A text as JSON. */
  static String quote(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }

  private record Answer(String key, Map<String, String> values) {}

  private Answer read() throws IOException {
    StringBuilder line = new StringBuilder();
    int c;
    while ((c = in.read()) != '\n') {
      if (c < 0) {
        throw new IOException("QEMU is gone");
      }
      if (line.length() >= MAX_LINE) {
        throw new IOException("QEMU sent a line of more than " + MAX_LINE + " characters");
      }
      line.append((char) c);
    }
    try {
      return parse(line.toString());
    } catch (BadDocumentException e) {
      throw new IOException("QEMU sent what is not JSON", e);
    }
  }

  /** The answer's key of those that matter, and the scalars below it, or what it is itself. */
  private static Answer parse(String line) throws BadDocumentException {
    Map<String, String> values = new HashMap<>();
    String key = "";
    if (JsonDocument.read(line.getBytes(StandardCharsets.UTF_8), MAX_DEPTH)
        instanceof Map<?, ?> answer) {
      for (Map.Entry<?, ?> member : answer.entrySet()) {
        String name = (String) member.getKey();
        if (!BESIDE.contains(name)) {
          key = name;
        }
        if (member.getValue() instanceof String text) {
          values.put(name, text);
        }
        if (member.getValue() instanceof Map<?, ?> members) {
          members.forEach((of, value) -> {
            if (!(value instanceof Map || value instanceof List)) {
              values.put((String) of, String.valueOf(value));
            }
          });
        }
      }
    }
    return new Answer(key, values);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
