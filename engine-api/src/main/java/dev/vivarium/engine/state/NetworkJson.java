package dev.vivarium.engine.state;

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
import tools.jackson.core.JsonGenerator;

/** The {@code network} of {@code spec.json}. */
final class NetworkJson {
  private NetworkJson() {}

  static void write(JsonGenerator out, NetworkSpec network) {
    out.writeObjectPropertyStart("network");
    out.writeStringProperty("mode", network.policy().mode().name().toLowerCase(Locale.ROOT));
    Json.strings(out, "allow", network.policy().rules().stream().map(Rule::text).toList());
    if (!network.policy().denied().isEmpty()) {
      Json.strings(out, "deny", network.policy().denied().stream().map(Rule::text).toList());
    }
    if (network.policy().asks()) {
      out.writeNumberProperty("askMillis", network.policy().asking().time().toMillis());
      out.writeStringProperty("answers", network.policy().asking().key());
    }
    out.writeArrayPropertyStart("ports");
    for (PublishedPort port : network.ports()) {
      out.writeStartObject();
      out.writeStringProperty("address", port.address());
      out.writeNumberProperty("hostPort", port.hostPort());
      out.writeNumberProperty("guestPort", port.guestPort());
      out.writeBooleanProperty("udp", port.udp());
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeArrayPropertyStart("nameServers");
    for (NameServer server : network.nameServers()) {
      out.writeStartObject();
      out.writeStringProperty("address", server.address());
      out.writeNumberProperty("port", server.port());
      out.writeEndObject();
    }
    out.writeEndArray();
    network.joined().ifPresent(name -> out.writeStringProperty("network", name));
    if (!network.limits().equals(NetworkSpec.Limits.NONE)) {
      out.writeNumberProperty("bitsPerSecond", network.limits().bitsPerSecond());
      out.writeNumberProperty("latencyNanos", network.limits().latency().toNanos());
      out.writeNumberProperty("lossPerMillion", network.limits().lossPerMillion());
    }
    out.writeEndObject();
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
