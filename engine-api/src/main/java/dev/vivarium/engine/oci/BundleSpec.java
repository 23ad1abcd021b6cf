package dev.vivarium.engine.oci;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Names;
import dev.vivarium.engine.state.SandboxId;
import dev.vivarium.engine.watch.calls.CallRules;
import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.Profile;
import dev.vivarium.profiles.ProfileException;
import dev.vivarium.profiles.Profiles;
import dev.vivarium.profiles.Quantity;
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
            bundle.root(), bundle.mounts(), bundle.masked(), bundle.readOnly(), bundle.sysctls()),
        bundle.process(),
        bundle.hostname().isEmpty() ? id : bundle.hostname(),
        List.of(),
        bundle.readOnlyRoot() || says(profile, Field.READ_ONLY, "true"),
        limits(bundle.resources(), profile),
        Optional.empty(),
        Optional.empty(),
        network(bundle, profile),
        Optional.empty(),
        calls(profile),
        SandboxSpec.Machine.USUAL,
        false);
  }

  private static boolean says(Optional<Profile> profile, Field field, String value) {
    return profile.flatMap(p -> p.text(field)).filter(value::equals).isPresent();
  }

  /** The narrower of what the bundle and the profile say. */
  private static SandboxSpec.Limits limits(Bundle.Resources r, Optional<Profile> profile) {
    Optional<Long> memory = profile.flatMap(p -> p.text(Field.MEMORY)).map(Quantity::bytes);
    Optional<Double> cpus = profile.flatMap(p -> p.text(Field.CPUS)).map(Quantity::processors);
    Optional<Integer> pids = profile.flatMap(p -> p.text(Field.PIDS)).map(Quantity::count);
    Optional<Integer> files = profile.flatMap(p -> p.text(Field.FILES)).map(Quantity::count);
    return new SandboxSpec.Limits(
        memory.filter(m -> r.memoryBytes() == 0 || m < r.memoryBytes()).orElse(r.memoryBytes()),
        cpus.filter(c -> r.cpus() == 0 || c < r.cpus()).orElse(r.cpus()),
        pids.filter(p -> r.pids() == 0 || p < r.pids()).orElse(r.pids()),
        files.orElse(0));
  }

  private static List<SandboxSpec.CallRule> calls(Optional<Profile> profile) throws OciException {
    List<SandboxSpec.CallRule> rules = new ArrayList<>();
    for (String text : profile.map(p -> p.list(Field.DENY)).orElse(List.of())) {
      try {
        rules.add(CallRules.parse(text));
      } catch (IllegalArgumentException e) {
        throw wrong(Bundle.PROFILE, String.valueOf(e.getMessage()));
      }
    }
    return rules;
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
