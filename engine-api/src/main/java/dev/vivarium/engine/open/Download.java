package dev.vivarium.engine.open;

import dev.vivarium.engine.state.Reason;
import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.IpAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches a file over HTTP as this machine, so that the sandbox that it is for needs no network. At
 * most so large, within so long; sends nothing but the request, and knows no passwords.
 */
public final class Download {
  private static final int MAX_REDIRECTS = 5;
  private static final Duration CONNECT = Duration.ofSeconds(20);

  private static final Pattern FILENAME =
      Pattern.compile("filename\\s*=\\s*(\"([^\"]*)\"|([^;\\s]+))", Pattern.CASE_INSENSITIVE);

  private final URI from;
  private final long maxBytes;
  private final Duration timeout;

  /** Prepares one; nothing is sent yet. */
  public Download(URI from, long maxBytes, Duration timeout) {
    this.from = from;
    this.maxBytes = maxBytes;
    this.timeout = timeout;
  }

  /** Whether this is an address of something to fetch, not the name of a file. */
  public static boolean isUrl(String text) {
    return text.regionMatches(true, 0, "http://", 0, 7)
        || text.regionMatches(true, 0, "https://", 0, 8);
  }

  /**
   * Reads an address.
   *
   * @throws IOException if it is none; the message says why
   */
  public static URI parse(String text) throws IOException {
    try {
      URI uri = new URI(text);
      if (uri.getHost() == null || uri.getUserInfo() != null) {
        throw new IOException(
            uri.getHost() == null ? "names no host" : "has a password in it, which is not sent");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw new IOException("not an address: " + e.getReason(), e);
    }
  }

  /**
   * Fetches it into a directory.
   *
   * @param progress hears how many bytes have come
   * @return the file, under a plain name made of the one that its sender gives it
   * @throws IOException if it cannot be had; the message says why; nothing of it is left then
   */
  public Path into(Intake intake, LongConsumer progress) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(timeout.compareTo(CONNECT) < 0 ? timeout : CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      try {
        URI at = from;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
          HttpResponse<InputStream> response = get(client, at, deadline);
          int status = response.statusCode();
          if (status / 100 == 3 && response.headers().firstValue("Location").isPresent()) {
            response.body().close();
            at = next(at, response.headers().firstValue("Location").get());
            continue;
          }
          if (status != 200) {
            response.body().close();
            throw new IOException("the server answered " + status);
          }
          Path file = intake.directory().resolve(name(response, at));
          try {
            save(response, file, deadline, progress);
            return intake.ready(file);
          } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
          }
        }
        throw new IOException(
            "it leads from one place to the next more than " + MAX_REDIRECTS + " times");
      } catch (HttpTimeoutException e) {
        throw late(e);
      } finally {
        // Whatever still comes is not waited for.
        client.shutdownNow();
      }
    }
  }

  private IOException late(Exception e) {
    return new IOException("it took longer than " + timeout.toSeconds() + " s", e);
  }

  private HttpResponse<InputStream> get(HttpClient client, URI at, long deadline)
      throws IOException, InterruptedException {
    Duration left = Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    try {
      return client.send(
          HttpRequest.newBuilder(at).timeout(left).header("User-Agent", "vivarium").GET().build(),
          HttpResponse.BodyHandlers.ofInputStream());
    } catch (HttpTimeoutException e) {
      throw e;
    } catch (IOException e) {
      String why = Reason.of(e);
      throw new IOException(
          why == null || why.isEmpty() || why.equals("null")
              ? "cannot connect to " + at.getHost()
              : why,
          e);
    }
  }

  /**
   * Where a redirection leads: not from a secured connection to an open one, and not from the
   * internet into this machine or its network, where a server outside has no business.
   */
  private static URI next(URI at, String location) throws IOException {
    URI to;
    try {
      to = at.resolve(new URI(location));
    } catch (URISyntaxException | IllegalArgumentException e) {
      throw new IOException("it leads to what is no address", e);
    }
    String scheme = String.valueOf(to.getScheme()).toLowerCase(Locale.ROOT);
    if (!isUrl(to.toString()) || to.getHost() == null || to.getUserInfo() != null) {
      throw new IOException("it leads to something else than http or https: " + scheme);
    }
    if (at.getScheme().equalsIgnoreCase("https") && !scheme.equals("https")) {
      throw new IOException("it leads from https to http, where anybody on the way can change it");
    }
    if (!to.getHost().equalsIgnoreCase(at.getHost()) && !isPublic(to) && isPublic(at)) {
      throw new IOException("it leads from the internet into this network: " + to.getHost());
    }
    return to;
  }

  private static boolean isPublic(URI uri) throws IOException {
    String host = uri.getHost();
    String plain = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    for (InetAddress address : InetAddress.getAllByName(plain)) {
      Optional<IpAddress> number =
          IpAddress.parse(address.getHostAddress().replaceFirst("%.*", ""));
      if (number.isEmpty() || AddressKind.of(number.get()) != AddressKind.PUBLIC) {
        return false;
      }
    }
    return true;
  }

  private void save(
      HttpResponse<InputStream> response, Path file, long deadline, LongConsumer progress)
      throws IOException, InterruptedException {
    long said = response.headers().firstValueAsLong("Content-Length").orElse(-1);
    if (said > maxBytes) {
      response.body().close();
      throw tooLarge();
    }
    InputStream in = response.body();
    AtomicBoolean late = new AtomicBoolean();
    Thread watch = watch(in, deadline, late);
    try (in;
        OutputStream out =
            Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      byte[] buffer = new byte[64 << 10];
      long total = 0;
      for (int n; (n = in.read(buffer)) >= 0; ) {
        total += n;
        if (total > maxBytes) {
          throw tooLarge();
        }
        out.write(buffer, 0, n);
        progress.accept(total);
      }
      if (late.get()) {
        throw late(new IOException("closed"));
      }
      if (said >= 0 && total < said) {
        throw new IOException("it ended after " + total + " of " + said + " bytes");
      }
    } catch (IOException e) {
      throw late.get() ? late(e) : e;
    } finally {
      watch.interrupt();
    }
  }

  /** A server that sends a byte now and then does not hold us for ever. */
  private static Thread watch(InputStream in, long deadline, AtomicBoolean late) {
    return Thread.ofPlatform()
        .daemon()
        .name("download-time-limit")
        .start(() -> {
          try {
            Thread.sleep(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            late.set(true);
            in.close();
          } catch (InterruptedException | IOException e) {
            // It was in time; or its end is near.
          }
        });
  }

  private IOException tooLarge() {
    return new IOException("it has more than " + (maxBytes >> 20) + " MiB");
  }

  private static String name(HttpResponse<?> response, URI at) {
    Matcher given =
        FILENAME.matcher(response.headers().firstValue("Content-Disposition").orElse(""));
    String name = "";
    if (given.find()) {
      name = given.group(2) == null ? given.group(3) : given.group(2);
    }
    if (name.isEmpty()) {
      String path = at.getRawPath() == null ? "" : at.getRawPath();
      name = path.substring(path.lastIndexOf('/') + 1);
      try {
        name = URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        // As it is, then.
      }
    }
    return Intake.plainName(
        name.isEmpty() ? "download" : name.substring(name.lastIndexOf('/') + 1));
  }
}
