package dev.vivarium.microvm.vmm;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * QEMU's control protocol (docs/interop/qmp-spec): one command at a time, its answer, events passed
 * over. QEMU may have been taken over by its guest, so what it says is bounded.
 */
final class Qmp implements Closeable {
  private static final int MAX_LINE = 1 << 16;

  private final SocketChannel channel;
  private final BufferedReader in;
  private final OutputStream out;

  /** Takes a fresh connection: reads the greeting and leaves the negotiation. */
  Qmp(SocketChannel channel) throws IOException {
    this.channel = channel;
    this.in =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
    this.out = Channels.newOutputStream(channel);
    Answer greeting = read();
    if (!greeting.key().equals("QMP")) {
      throw new IOException("QEMU did not greet");
    }
    execute("qmp_capabilities", "{}");
  }

  /**
   * Carries out a command.
   *
   * @param arguments a JSON object
   * @return the texts, numbers and truths of the answer by their names
   * @throws IOException if QEMU refuses or is gone
   */
  Map<String, String> execute(String command, String arguments) throws IOException {
    return answer(command, arguments).values();
  }

  /** The answer to a command without arguments, as QEMU wrote it. */
  String line(String command) throws IOException {
    return answer(command, "{}").line();
  }

  private Answer answer(String command, String arguments) throws IOException {
    String line = "{\"execute\":\"" + command + "\",\"arguments\":" + arguments + "}\n";
    out.write(line.getBytes(StandardCharsets.UTF_8));
    out.flush();
    while (true) {
      Answer answer = read();
      switch (answer.key()) {
        case "return" -> {
          return answer;
        }
        case "error" ->
            throw new IOException(
                "QEMU refuses " + command + ": " + answer.values().getOrDefault("desc", "?"));
        default -> {
          // An event.
        }
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

  private record Answer(String key, Map<String, String> values, String line) {}

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
    } catch (JacksonException e) {
      throw new IOException("QEMU sent what is not JSON", e);
    }
  }

  /** The answer's first key of those that matter, and the scalars below it. */
  private static Answer parse(String line) {
    Map<String, String> values = new HashMap<>();
    @Nullable String key = null;
    @Nullable String name = null;
    try (JsonParser parser =
        JsonFactory.builder().build().createParser(ObjectReadContext.empty(), line)) {
      int depth = 0;
      JsonToken token;
      while ((token = parser.nextToken()) != null) {
        switch (token) {
          case START_OBJECT, START_ARRAY -> depth++;
          case END_OBJECT, END_ARRAY -> depth--;
          case PROPERTY_NAME -> {
            name = parser.currentName();
            if (depth == 1 && (key == null || !name.equals("timestamp"))) {
              key = name.equals("data") || name.equals("id") ? key : name;
            }
          }
          default -> {
            if (depth == 2 && name != null) {
              values.put(name, parser.getString());
            }
          }
        }
      }
    }
    return new Answer(key == null ? "" : key, values, line);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
