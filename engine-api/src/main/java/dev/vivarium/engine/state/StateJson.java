package dev.vivarium.engine.state;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;

/** {@code state.json}: a {@link SandboxState} as JSON. */
public final class StateJson {
  private static final int SCHEMA_VERSION = 1;
  private static final String FORM = "0000-00-00T00:00:00.";

  private StateJson() {}

  public static byte[] write(SandboxState state) {
    return Json.write(out -> {
      out.name("schemaVersion").value(SCHEMA_VERSION);
      out.name("id").value(state.id());
      out.name("name").value(state.name());
      out.name("engine").value(state.engine());
      if (!state.platform().isEmpty()) {
        out.name("platform").value(state.platform());
      }
      out.name("image").value(state.image());
      Json.strings(out, "command", state.command());
      out.name("status").value(state.status().word());
      out.name("pid").value(state.pid());
      out.name("created").value(state.created().toString());
      if (state.finished().isPresent()) {
        out.name("finished").value(state.finished().get().toString());
        out.name("exitCode").value(state.exitCode());
      }
      if (!state.reason().isEmpty()) {
        out.name("reason").value(state.reason());
      }
      if (!state.degraded().isEmpty()) {
        out.name("degraded").value(state.degraded());
      }
    });
  }

  /**
   * Reads it back.
   *
   * @throws IOException saying what is wrong with it
   */
  public static SandboxState read(byte[] json) throws IOException {
    Json.Node in = Json.read(json);
    if (in.number("schemaVersion") != SCHEMA_VERSION) {
      throw new IOException("it was written by another version of Vivarium");
    }
    try {
      Optional<String> finished = in.optional("finished");
      return new SandboxState(
          in.string("id"),
          in.string("name"),
          in.string("engine"),
          in.optional("platform").orElse(""),
          in.string("image"),
          in.strings("command"),
          SandboxState.Status.of(in.string("status")),
          in.number("pid"),
          instant(in.string("created")),
          finished.map(StateJson::instant),
          in.has("exitCode") ? Math.toIntExact(in.number("exitCode")) : 0,
          in.optional("reason").orElse(""),
          in.optional("degraded").orElse(""));
    } catch (DateTimeException | IllegalArgumentException | ArithmeticException e) {
      throw new IOException("a value is out of range: " + e.getMessage(), e);
    }
  }

  /**
   * As {@code Instant.parse}, but of the form that we write without its general parser, which takes
   * longer than reading the file.
   */
  static Instant instant(String text) {
    int end = text.length() - 1;
    if (end < 19 || end > 29 || text.charAt(end) != 'Z' || end == 20) {
      return Instant.parse(text);
    }
    int[] fields = new int[7];
    int field = 0;
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (i < 20 && FORM.charAt(i) != '0') {
        if (c != FORM.charAt(i)) {
          return Instant.parse(text);
        }
        field++;
      } else if (c >= '0' && c <= '9') {
        fields[field] = fields[field] * 10 + c - '0';
      } else {
        return Instant.parse(text);
      }
    }
    for (int digits = Math.max(0, end - 20); digits < 9; digits++) {
      fields[6] *= 10;
    }
    return LocalDateTime.of(
            fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6])
        .toInstant(ZoneOffset.UTC);
  }
}
