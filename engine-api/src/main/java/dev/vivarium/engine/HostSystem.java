package dev.vivarium.engine;

/**
 * The machine that Vivarium runs on. Clients run on any; what isolates stands behind {@link
 * Engine}, and both engines are made of Linux's own means, so elsewhere each says that it is not
 * there.
 *
 * @param name as {@code os.name}
 * @param architecture as {@code os.arch}
 */
public record HostSystem(String name, String architecture) {
  /** This one. */
  public static HostSystem current() {
    return new HostSystem(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  /** Whether an engine exists for it at all; {@link Engine#probe} says whether it works. */
  public boolean hasEngines() {
    return name.equals("Linux") && architecture.equals("amd64");
  }

  /** Why there is none, in a line for the user. */
  public String absence() {
    return "no engine runs on " + name + " on " + architecture;
  }

  /** What to do about that. */
  public static String remedy() {
    return "sandboxes need Linux on x86-64, also in a virtual machine; images, profiles and reports"
        + " work here";
  }

  /**
   * For whoever is about to start a sandbox.
   *
   * @throws EngineException if none can be started on this system, with the line for the user
   */
  public void requireEngines() throws EngineException {
    if (!hasEngines()) {
      throw new EngineException(125, absence() + "; " + remedy());
    }
  }
}
