package dev.vivarium.image.registry;

import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Asks a {@code docker-credential-NAME} program, which the user's own files name. */
final class CredentialHelper {
  private static final int MAX_ANSWER = 64 << 10;
  private static final int TIMEOUT_SECONDS = 30;

  private CredentialHelper() {}

  /** What the helper knows for a server; empty if nothing. */
  static Optional<Credentials> get(String name, String server) throws IOException {
    if (!name.matches("[a-zA-Z0-9_.-]{1,64}")) {
      throw new BadDocumentException("a credential helper with a bad name: " + name);
    }
    return ask("docker-credential-" + name, server);
  }

  /**
   * Writes the server's name; a helper that ended without reading it says what it has to say by its
   * exit code.
   */
  private static void tell(Process process, String server) {
    try (OutputStream in = process.getOutputStream()) {
      in.write(server.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // Its end of the pipe is closed: what it answered is read and judged by the caller.
    }
  }

  /** The same of a program that is found already. */
  static Optional<Credentials> ask(String program, String server) throws IOException {
    Process process =
        new ProcessBuilder(program, "get").redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      tell(process, server);
      byte[] answer = process.getInputStream().readNBytes(MAX_ANSWER);
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(program + " does not end");
      }
      if (process.exitValue() != 0) {
        return Optional.empty(); // it says on its output that it knows none
      }
      JsonObject json = Json.parse(answer);
      String user = json.string("Username").orElse("");
      String secret = json.string("Secret").orElse("");
      if (secret.isEmpty()) {
        return Optional.empty();
      }
      return Optional.of(
          user.equals("<token>")
              ? new Credentials("", "", secret)
              : new Credentials(user, secret, ""));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("interrupted");
    } finally {
      process.destroyForcibly();
    }
  }
}
