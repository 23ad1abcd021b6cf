package dev.vivarium.microvm.vmm;

import java.io.IOException;
import java.nio.file.Path;

/**
 * What a monitor that is controlled by HTTP can be asked for. Calls answer when it is done.
 *
 * @see FirecrackerApi
 * @see CloudHypervisorApi
 */
interface RestApi {
  /** The sockets and files of one machine. */
  record Places(Path control, Path vsock) {
    static Places in(Path directory) {
      return new Places(directory.resolve("vmm.sock"), directory.resolve("vsock.sock"));
    }
  }

  /** Whether it answers, and which version it is. */
  String version() throws IOException;

  /** Makes the machine and starts it. */
  void boot(MachineSpec spec, Places places) throws IOException;

  /** Stops its processors. */
  void pause() throws IOException;

  /** Lets them go on. */
  void resume() throws IOException;

  /** How much of its memory the guest is to give back. */
  void balloon(long bytes) throws IOException;

  /**
   * Saves a machine that is paused.
   *
   * @param directory empty, for the monitor's files
   */
  void save(Path directory) throws IOException;

  /** Loads what was saved, into a monitor that has no machine, and lets it go on. */
  void load(Path directory, Places places) throws IOException;

  /** Asks the guest, or the monitor, to end by itself. */
  void shutDown() throws IOException;
}
