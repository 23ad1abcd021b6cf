package dev.vivarium.engine.oci;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.SandboxId;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.Rule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A bundle as a sandbox's specification. */
final class BundleSpec {
  private static final Set<String> PLATFORMS = Set.of("systrap", "ptrace", "kvm");

  private static final int MAX_SERVERS = 3;
  private static final int DNS_PORT = 53;

  private BundleSpec() {}

  /**
   * The sandbox's id for a container's: its first twelve characters where they are hex digits, as
   * people copy them, or a number made from the whole.
   */
  static String sandboxId(String container) {
    String first = container.length() < 12 ? "" : container.substring(0, 12);
    if (SandboxId.isValid(first)) {
      return first;
    }
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < container.length(); i++) {
      hash = (hash ^ container.charAt(i)) * 0x100000001b3L;
    }
    return String.format("%012x", hash >>> 16);
  }

  static SandboxSpec of(Bundle bundle, String container, Map<String, String> environment)
      throws OciException {
    String id = sandboxId(container);
    Map<String, String> wishes = bundle.annotations();
    String engine = wishes.getOrDefault(Bundle.ENGINE, "sentry");
    if (!engine.equals("sentry")) {
      throw wrong(Bundle.ENGINE, "only sentry runs bundles, not " + engine);
    }
    Optional<String> platform = Optional.ofNullable(wishes.get(Bundle.PLATFORM));
    if (platform.isPresent() && !PLATFORMS.contains(platform.get())) {
      throw wrong(Bundle.PLATFORM, "is none of systrap, ptrace and kvm: " + platform.get());
    }
    Optional<Profile> profile = profile(wishes.get(Bundle.PROFILE), environment);
    return new SandboxSpec(
        id,
        Names.isValid(container) ? container : id,
        engine,
        platform,
        new SandboxSpec.Root.Directory(
            bundle.root(), bundle.mounts(), bundle.masked(), bundle.readOnly()),
        bundle.process(),
        bundle.hostname().isEmpty() ? id : bundle.hostname(),
        List.of(),
        bundle.readOnlyRoot(),
        new SandboxSpec.Limits(
            bundle.resources().memoryBytes(), bundle.resources().cpus(), bundle.resources().pids()),
        Optional.empty(),
        Optional.empty(),
        network(bundle, profile),
        Optional.empty());
  }

  private static OciException wrong(String annotation, String what) {
    return new OciException("config.json: annotations: " + annotation + ": " + what);
  }

  private static Optional<Profile> profile(
      @org.jspecify.annotations.Nullable String name, Map<String, String> environment)
      throws OciException {
    if (name == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Profiles.of(environment).load(name));
    } catch (ProfileException e) {
      throw wrong(Bundle.PROFILE, String.valueOf(e.getMessage()));
    }
  }

  /** What leads out of the namespace is its maker's to say; a profile can say less. */
  private static NetworkSpec network(Bundle bundle, Optional<Profile> profile) {
    if (bundle.network().isEmpty()) {
      return NetworkSpec.NONE;
    }
    NetworkPolicy policy = new NetworkPolicy(NetworkPolicy.Mode.FULL, List.of());
    if (profile.isPresent()) {
      String mode = profile.get().text(Field.NETWORK).orElse("none");
      if (mode.equals("none")) {
        return NetworkSpec.NONE;
      }
      if (mode.equals("allow")) {
        policy =
            new NetworkPolicy(
                NetworkPolicy.Mode.ALLOW,
                profile.get().list(Field.ALLOW).stream().map(Rule::parse).toList());
      }
    }
    return new NetworkSpec(
        policy,
        List.of(),
        nameServers(bundle),
        Optional.empty(),
        NetworkSpec.Limits.NONE,
        bundle.network());
  }

  /** Those of the resolv.conf that the manager made for it, which a policy by names has to ask. */
  private static List<NetworkSpec.NameServer> nameServers(Bundle bundle) {
    List<NetworkSpec.NameServer> servers = new ArrayList<>();
    for (SandboxSpec.DirectoryMount m : bundle.mounts()) {
      if (m.isBind() && m.target().equals("/etc/resolv.conf")) {
        try (Stream<String> lines = Files.lines(Path.of(m.source()))) {
          lines
              .filter(line -> line.matches("nameserver +[0-9.]+ *"))
              .limit(MAX_SERVERS)
              .forEach(line ->
                  servers.add(new NetworkSpec.NameServer(line.substring(11).strip(), DNS_PORT)));
        } catch (IOException | UncheckedIOException e) {
          return List.of();
        }
      }
    }
    return servers;
  }
}
