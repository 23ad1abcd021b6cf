package dev.vivarium.image.registry;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
    String proxy = variable("https".equals(uri.getScheme()) ? "HTTPS_PROXY" : "HTTP_PROXY");
    if (proxy == null) {
      proxy = variable("ALL_PROXY");
    }
    if (proxy == null) {
      return List.of(Proxy.NO_PROXY);
    }
    try {
      URI address = URI.create(proxy.contains("://") ? proxy : "http://" + proxy);
      if (address.getHost() == null) {
        return List.of(Proxy.NO_PROXY);
      }
      int port = address.getPort() < 0 ? DEFAULT_PORT : address.getPort();
      return List.of(
          new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(address.getHost(), port)));
    } catch (IllegalArgumentException e) {
      return List.of(Proxy.NO_PROXY);
    }
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
