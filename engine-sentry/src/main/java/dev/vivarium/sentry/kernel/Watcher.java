package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.vfs.File;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who looks on at what tasks do. There is none unless somebody watches: the kernel looks at one
 * field before each call. On the kernel thread.
 */
public interface Watcher {
  /** Makes a call in the table's place, and looks on; otherwise as the table's own method. */
  long call(
      Kernel.Dispatcher table,
      Task t,
      int number,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5);

  /**
   * The guest whose call was answered last goes on: what is to be told of it, and need not keep it
   * waiting, can be told now.
   */
  void settle();

  /** A task is about to wait in a call. */
  void waits(Task t);

  /** A task has made another, which has not run yet; {@code maker} is null for the first one. */
  void started(@Nullable Task maker, Task task);

  /** A task has a new program. */
  void execed(Task t, String path, List<String> argv);

  /** A signal is about to be handled, or to do what it does by default. */
  void signal(Task t, SignalInfo info, boolean handled);

  /** Nobody has a file open any more that the watcher keeps something for. */
  void closed(Task t, File f);

  /**
   * A task was to reach an address outside, and there is no network.
   *
   * @param protocol tcp, udp or icmp
   * @param wide the address, of 16 bytes
   */
  void unreachable(Task t, String protocol, byte[] wide, int port);

  /** A process has ended. */
  void ended(ThreadGroup g);

  /** A limit of the sandbox was reached. */
  void limit(ThreadGroup g, String what);
}
