package dev.vivarium.engine.state;

import com.google.gson.stream.JsonWriter;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.NetworkSpec.NameServer;
import dev.vivarium.engine.NetworkSpec.PublishedPort;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The {@code network} of {@code spec.json}. */
final class NetworkJson {
  private NetworkJson() {}

  static void write(JsonWriter out, NetworkSpec network) throws IOException {
    out.name("network").beginObject();
    out.name("mode").value(network.policy().mode().name().toLowerCase(Locale.ROOT));
    Json.strings(out, "allow", network.policy().rules().stream().map(Rule::text).toList());
    if (!network.policy().denied().isEmpty()) {
      Json.strings(out, "deny", network.policy().denied().stream().map(Rule::text).toList());
    }
    if (network.policy().asks()) {
      out.name("askMillis").value(network.policy().asking().time().toMillis());
      out.name("answers").value(network.policy().asking().key());
    }
    out.name("ports").beginArray();
    for (PublishedPort port : network.ports()) {
      out.beginObject();
      out.name("address").value(port.address());
      out.name("hostPort").value(port.hostPort());
      out.name("guestPort").value(port.guestPort());
      out.name("udp").value(port.udp());
      out.endObject();
    }
    out.endArray();
    out.name("nameServers").beginArray();
    for (NameServer server : network.nameServers()) {
      out.beginObject();
      out.name("address").value(server.address());
      out.name("port").value(server.port());
      out.endObject();
    }
    out.endArray();
    if (network.joined().isPresent()) {
      out.name("network").value(network.joined().get());
    }
    if (!network.limits().equals(NetworkSpec.Limits.NONE)) {
      out.name("bitsPerSecond").value(network.limits().bitsPerSecond());
      out.name("latencyNanos").value(network.limits().latency().toNanos());
      out.name("lossPerMillion").value(network.limits().lossPerMillion());
    }
    out.endObject();
  }

  static NetworkSpec read(Json.Node in) throws IOException {
    List<Rule> rules = new ArrayList<>();
    List<Rule> denied = new ArrayList<>();
    List<PublishedPort> ports = new ArrayList<>();
    List<NameServer> servers = new ArrayList<>();
    try {
      for (String rule : in.strings("allow")) {
        rules.add(Rule.parse(rule));
      }
      for (String rule : in.has("deny") ? in.strings("deny") : List.<String>of()) {
        denied.add(Rule.parse(rule));
      }
      NetworkPolicy.Asking asking =
          in.has("askMillis")
              ? new NetworkPolicy.Asking(
                  Duration.ofMillis(in.number("askMillis")), in.string("answers"))
              : NetworkPolicy.Asking.USUAL;
      for (Json.Node port : in.nodes("ports")) {
        ports.add(
            new PublishedPort(
                port.string("address"),
                Math.toIntExact(port.number("hostPort")),
                Math.toIntExact(port.number("guestPort")),
                port.bool("udp")));
      }
      for (Json.Node server : in.nodes("nameServers")) {
        servers.add(
            new NameServer(server.string("address"), Math.toIntExact(server.number("port"))));
      }
      NetworkPolicy.Mode mode =
          NetworkPolicy.Mode.valueOf(in.string("mode").toUpperCase(Locale.ROOT));
      NetworkSpec.Limits limits =
          in.has("bitsPerSecond")
              ? new NetworkSpec.Limits(
                  in.number("bitsPerSecond"),
                  Duration.ofNanos(in.number("latencyNanos")),
                  Math.toIntExact(in.number("lossPerMillion")))
              : NetworkSpec.Limits.NONE;
      Optional<String> joined =
          in.has("network") ? Optional.of(in.string("network")) : Optional.empty();
      return new NetworkSpec(
          new NetworkPolicy(mode, rules, denied, asking), ports, servers, joined, limits);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new IOException("its network makes no sense: " + e.getMessage(), e);
    }
  }
}
