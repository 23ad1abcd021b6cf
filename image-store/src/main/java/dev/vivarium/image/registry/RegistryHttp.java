package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Requests to one repository of one registry: scheme, authorization, redirects. */
final class RegistryHttp implements AutoCloseable {
  static {
    // The JDK's client reads 16 KiB at a time, and hands each piece from thread to thread: with
    // four times that, a pull
    // of many megabytes takes a tenth less of the processor.
    if (System.getProperty("jdk.httpclient.bufsize") == null) {
      System.setProperty("jdk.httpclient.bufsize", "65536");
    }
  }

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STALL = Duration.ofSeconds(60);
  private static final int MAX_TRIES = 4;
  private static final long FIRST_PAUSE_MILLIS = 250;
  private static final long MAX_PAUSE_SECONDS = 20;
  private static final Duration UPLOAD_TIMEOUT = Duration.ofHours(2);
  private static final int MAX_REDIRECTS = 8;

  private final ImageReference image;
  private final boolean mayBePlain;
  private final HttpClient client;
  private final StallGuard stalls;
  private final Authorizer authorizer;

  /** Settled by the first request. */
  private URI base;

  RegistryHttp(ImageReference image, boolean plainHttp, Optional<Path> authFile)
      throws ImageException {
    this(image, plainHttp, authFile, STALL);
  }

  /** With another patience than the usual. */
  RegistryHttp(ImageReference image, boolean plainHttp, Optional<Path> authFile, Duration patience)
      throws ImageException {
    this(image, plainHttp, authFile, patience, System.getenv());
  }

  /** With other proxies than this process's environment names. */
  RegistryHttp(
      ImageReference image,
      boolean plainHttp,
      Optional<Path> authFile,
      Duration patience,
      Map<String, String> environment)
      throws ImageException {
    this.image = image;
    boolean loopback = isLoopback(image.registry());
    this.mayBePlain = plainHttp || loopback;
    String host =
        image.registry().equals(ImageReference.DEFAULT_REGISTRY)
            ? "registry-1.docker.io"
            : image.registry();
    this.base = URI.create((mayBePlain ? "http://" : "https://") + host);
    this.authorizer = new Authorizer(this, image, AuthFiles.find(image, authFile));
    this.stalls = new StallGuard(patience);
    EnvironmentProxy proxy = new EnvironmentProxy(environment);
    proxy.check(base);
    HttpClient.Builder builder = HttpClient.newBuilder();
    if (proxy.credentials(base).isPresent()) {
      // Else the JDK does not log in to a proxy that only tunnels.
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
      builder.authenticator(new ProxyLogin(proxy.credentials(base).get()));
    }
    this.client =
        builder
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(proxy)
            .followRedirects(HttpClient.Redirect.NEVER)
            .version(mayBePlain ? HttpClient.Version.HTTP_1_1 : HttpClient.Version.HTTP_2)
            .build();
  }

  /** Whether a host[:port] can only be this machine. */
  static boolean isLoopback(String registry) {
    String host = registry.replaceFirst(":[0-9]+$", "");
    return host.equals("localhost")
        || host.endsWith(".localhost")
        || host.equals("[::1]")
        || host.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }

  /** Finds out by the first request whether a registry that may speak plain HTTP does. */
  synchronized void connect() throws ImageException {
    if (!mayBePlain || !base.getScheme().equals("http")) {
      return;
    }
    try (Answer answer = send(get(base.resolve("/v2/"), Map.of()), false)) {
      String body = answer.status() == 400 ? answer.text() : "";
      if (!body.contains("HTTPS")) {
        return;
      }
    } catch (IOException e) {
      throw unreachable(e);
    }
    base = URI.create("https://" + base.getRawAuthority());
  }

  /** A GET below {@code /v2/REPOSITORY/}; the caller closes the answer, whatever its status. */
  Answer get(String path, Map<String, String> headers) throws IOException, ImageException {
    return send("GET", uri(path), headers, HttpRequest.BodyPublishers::noBody);
  }

  /** An address below {@code /v2/REPOSITORY/}. */
  URI uri(String path) {
    return base.resolve("/v2/" + image.repository() + "/" + path);
  }

  /** A body that can be sent again, when the registry wants to know first who sends it. */
  interface Body {
    HttpRequest.BodyPublisher open() throws IOException;
  }

  /** Any request; the caller closes the answer, whatever its status. */
  Answer send(String method, URI uri, Map<String, String> headers, Body body)
      throws IOException, ImageException {
    Answer answer = send(request(method, uri, headers, body.open()), true);
    if (answer.status() == 401) {
      List<String> challenges = answer.header("WWW-Authenticate");
      answer.close();
      authorizer.authorize(challenges);
      answer = send(request(method, uri, headers, body.open()), true);
    }
    return answer;
  }

  /** Where an upload goes on: an address that the registry gave. */
  URI resolve(URI from, String location) throws ImageException {
    return redirect(from, location);
  }

  /** What an unexpected status means, in one line. */
  ImageException failure(Answer answer, String what) {
    String detail = "";
    try {
      detail = errorDetail(answer.text());
    } catch (IOException e) {
      // the status says enough
    }
    int status = answer.status();
    String where = image.registry() + detail;
    if (status == 401 || status == 403) {
      return new ImageException(
          Kind.DENIED,
          "the registry denies "
              + what
              + ": "
              + where
              + "; check the name, and log in with podman login or docker login");
    }
    if (status == 404) {
      return new ImageException(
          Kind.NOT_FOUND,
          "no such image: " + image.familiar() + " at " + where + "; check the name and tag");
    }
    if (status == 429) {
      return new ImageException(
          Kind.REGISTRY,
          "the registry refuses more requests for now (429): "
              + where
              + "; wait, or log in for a higher limit");
    }
    return new ImageException(
        Kind.REGISTRY,
        "the registry answered " + status + " to " + what + ": " + where + "; try again later");
  }

  ImageException unreachable(IOException e) {
    String why =
        switch (e) {
          case HttpTimeoutException timeout -> "no answer in time";
          case java.net.ConnectException refused -> "connection refused or no such host";
          case javax.net.ssl.SSLException tls -> "no secure connection (" + tls.getMessage() + ")";
          default -> String.valueOf(e.getMessage());
        };
    return new ImageException(
        Kind.REGISTRY,
        "cannot reach the registry: "
            + image.registry()
            + ": "
            + why
            + "; check its name and that it runs",
        e);
  }

  @Override
  public void close() {
    client.shutdownNow();
    stalls.close();
  }

  /** A GET of any address. */
  static HttpRequest.Builder get(URI uri, Map<String, String> headers) {
    return request("GET", uri, headers, HttpRequest.BodyPublishers.noBody());
  }

  private static HttpRequest.Builder request(
      String method, URI uri, Map<String, String> headers, HttpRequest.BodyPublisher body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .header("User-Agent", "vivarium")
            .method(method, body)
            // The time until an answer begins, which for an upload comes after all of it.
            .timeout(body.contentLength() == 0 ? ANSWER_TIMEOUT : UPLOAD_TIMEOUT);
    headers.forEach(request::header);
    return request;
  }

  /** Sends a request as it is, redirects and challenges not followed. */
  Answer sendOnce(HttpRequest request) throws IOException {
    return new Answer(exchange(request), stalls);
  }

  /** Whether the registry is spoken to without TLS. */
  boolean isPlain() {
    return base.getScheme().equals("http");
  }

  private Answer send(HttpRequest.Builder request, boolean authorized)
      throws IOException, ImageException {
    URI start = request.build().uri();
    String method = request.build().method();
    URI uri = start;
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      HttpRequest.Builder next = request.copy().uri(uri);
      String token = authorizer.header();
      if (authorized && token != null && sameOrigin(uri, start)) {
        next.header("Authorization", token);
      }
      Answer answer = sendOnce(next.build());
      String location = answer.first("Location");
      if (answer.status() / 100 != 3 || location == null) {
        return answer;
      }
      if (!method.equals("GET") && !method.equals("HEAD")) {
        return answer; // the body is spent
      }
      answer.close();
      uri = redirect(uri, location);
    }
    throw new ImageException(
        Kind.REGISTRY, "redirects without end: " + start + "; the registry is broken");
  }

  private URI redirect(URI from, String location) throws ImageException {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new ImageException(
          Kind.REGISTRY, "a redirect to no address: " + from + "; the registry is broken");
    }
    boolean plain = "http".equalsIgnoreCase(to.getScheme());
    boolean secure = "https".equalsIgnoreCase(to.getScheme());
    if (to.getHost() == null || !secure && !plain || plain && !"http".equals(from.getScheme())) {
      throw new ImageException(
          Kind.REGISTRY,
          "a redirect that is not followed: "
              + from.getHost()
              + " -> "
              + to
              + "; only http(s) is, and never from https to http");
    }
    return to;
  }

  private static boolean sameOrigin(URI a, URI b) {
    return a.getScheme().equals(b.getScheme()) && a.getRawAuthority().equals(b.getRawAuthority());
  }

  /** Sends a request; one that can be repeated is, while the registry is out of breath. */
  private HttpResponse<InputStream> exchange(HttpRequest request) throws IOException {
    boolean repeatable = request.method().equals("GET") || request.method().equals("HEAD");
    for (int tries = 1; ; tries++) {
      HttpResponse<InputStream> response = once(request);
      int status = response.statusCode();
      boolean passing = status == 429 || status == 500 || status >= 502 && status <= 504;
      if (!passing || !repeatable || tries == MAX_TRIES) {
        return response;
      }
      long pause = FIRST_PAUSE_MILLIS << (tries - 1);
      String wanted = response.headers().firstValue("Retry-After").orElse("");
      if (wanted.matches("[0-9]{1,9}")) {
        if (Long.parseLong(wanted) > MAX_PAUSE_SECONDS) {
          return response; // too long to sit it out
        }
        pause = Math.max(pause, Long.parseLong(wanted) * 1000);
      }
      response.body().close();
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new java.io.InterruptedIOException("interrupted");
      }
    }
  }

  private HttpResponse<InputStream> once(HttpRequest request) throws IOException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException("interrupted");
    }
  }

  private static String errorDetail(String body) {
    try {
      List<JsonObject> errors = Json.parse(body.getBytes(StandardCharsets.UTF_8)).objects("errors");
      if (!errors.isEmpty()) {
        return " ("
            + errors.getFirst().string("code").orElse("")
            + ": "
            + errors.getFirst().string("message").orElse("")
            + ")";
      }
    } catch (BadDocumentException e) {
      // not the registry's own words, then
    }
    return "";
  }

  /** Logs in to the proxy, and to nobody else. */
  private static final class ProxyLogin extends Authenticator {
    private final PasswordAuthentication credentials;

    ProxyLogin(PasswordAuthentication credentials) {
      this.credentials = credentials;
    }

    @Override
    protected @Nullable PasswordAuthentication getPasswordAuthentication() {
      return getRequestorType() == RequestorType.PROXY ? credentials : null;
    }
  }
}
