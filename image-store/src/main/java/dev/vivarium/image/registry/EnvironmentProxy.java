package dev.vivarium.image.registry;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The proxies that {@code HTTP_PROXY}, {@code HTTPS_PROXY} and {@code NO_PROXY} name. */
final class EnvironmentProxy extends ProxySelector {
  private static final int DEFAULT_PORT = 80;

  private final Map<String, String> environment;

  EnvironmentProxy(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public List<Proxy> select(URI uri) {
    String host = uri.getHost();
    if (host == null || RegistryHttp.isLoopback(host) || excluded(host)) {
      return List.of(Proxy.NO_PROXY);
    }
    String proxy = configured(uri);
    if (proxy == null) {
      return List.of(Proxy.NO_PROXY);
    }
    try {
      URI address = address(proxy);
      if (address.getHost() == null || !isHttp(address)) {
        return List.of(Proxy.NO_PROXY);
      }
      int port = address.getPort() < 0 ? DEFAULT_PORT : address.getPort();
      return List.of(
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(address.getHost(), port)));
    } catch (IllegalArgumentException e) {
      return List.of(Proxy.NO_PROXY);
    }
  }

  /** Says so where a proxy is asked for that cannot be used, instead of going around it. */
  void check(URI uri) throws ImageException {
    String host = uri.getHost();
    if (host == null || RegistryHttp.isLoopback(host) || excluded(host)) {
      return;
    }
    String proxy = configured(uri);
    if (proxy == null) {
      return;
    }
    try {
      URI address = address(proxy);
      if (address.getHost() != null && isHttp(address)) {
        return;
      }
    } catch (IllegalArgumentException e) {
      // falls through to the refusal
    }
    throw new ImageException(
        Kind.UNSUPPORTED,
        "a proxy that cannot be used for "
            + host
            + ": "
            + proxy.replaceFirst("//[^@/]*@", "//")
            + "; set HTTPS_PROXY to http://HOST:PORT, or list the registry in NO_PROXY");
  }

  /** User and password, as the proxy's address has them. */
  Optional<PasswordAuthentication> credentials(URI uri) {
    String proxy = configured(uri);
    try {
      String user = proxy == null ? null : address(proxy).getUserInfo();
      if (user == null) {
        return Optional.empty();
      }
      int colon = user.indexOf(':');
      String name = colon < 0 ? user : user.substring(0, colon);
      String password = colon < 0 ? "" : user.substring(colon + 1);
      return Optional.of(new PasswordAuthentication(name, password.toCharArray()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private @Nullable String configured(URI uri) {
    String proxy = variable("https".equals(uri.getScheme()) ? "HTTPS_PROXY" : "HTTP_PROXY");
    return proxy == null ? variable("ALL_PROXY") : proxy;
  }

  private static URI address(String proxy) {
    return URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
  }

  private static boolean isHttp(URI address) {
    return "http".equalsIgnoreCase(address.getScheme());
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {}

  private boolean excluded(String host) {
    String list = variable("NO_PROXY");
    if (list == null) {
      return false;
    }
    for (String item : list.split(",")) {
      String name = item.strip().toLowerCase(Locale.ROOT);
      String bare = name.startsWith(".") ? name.substring(1) : name;
      String lower = host.toLowerCase(Locale.ROOT);
      if (name.equals("*")
          || !bare.isEmpty() && (lower.equals(bare) || lower.endsWith("." + bare))) {
        return true;
      }
    }
    return false;
  }

  private @Nullable String variable(String name) {
    String value = environment.get(name.toLowerCase(Locale.ROOT));
    if (value == null || value.isEmpty()) {
      value = environment.get(name);
    }
    return value == null || value.isEmpty() ? null : value;
  }
}
