package dev.vivarium.engine.oci;

import dev.vivarium.engine.SandboxSpec.DirectoryMount;
import dev.vivarium.engine.SandboxSpec.ProcessSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a bundle's config.json asks for, checked.
 *
 * @param path of the bundle
 * @param root its file tree, absolute
 * @param network the namespace that its sockets are to live in: a path, or empty for a new one
 *     without anything in it
 * @param cgroup as config.json has it; empty for none
 * @param remarks what it asks for that the sentry does in its own way, for the log
 */
record Bundle(
    String version,
    String path,
    String root,
    boolean readOnlyRoot,
    ProcessSpec process,
    String hostname,
    List<DirectoryMount> mounts,
    List<String> masked,
    List<String> readOnly,
    Map<String, String> sysctls,
    Optional<String> network,
    String cgroup,
    Resources resources,
    Map<String, String> annotations,
    List<Hook> hooks,
    List<String> remarks) {
  /** The annotations that are meant for us. */
  static final String ENGINE = "dev.vivarium.engine";

  static final String PLATFORM = "dev.vivarium.platform";
  static final String PROFILE = "dev.vivarium.profile";

  /**
   * What it may use; 0 for no limit.
   *
   * @param shares of processor time among others, as cgroup v1 counts them; 0 for the usual
   * @param processors those that it may run on (cpuset(7)); empty for all
   * @param nodes of memory that it may use, in the same form
   */
  record Resources(
      long memoryBytes,
      long quotaMicros,
      long periodMicros,
      long shares,
      int pids,
      String processors,
      String nodes) {
    double cpus() {
      return quotaMicros > 0 ? (double) quotaMicros / periodMicros : 0;
    }
  }
}
