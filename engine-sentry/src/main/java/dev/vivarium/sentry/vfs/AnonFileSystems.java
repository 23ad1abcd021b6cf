package dev.vivarium.sentry.vfs;

/**
 * The kernel's file systems of open files without a name.
 *
 * @param pipes pipefs
 * @param sockets sockfs
 * @param anonInodes eventfd, epoll, timerfd, signalfd …
 */
public record AnonFileSystems(AnonFs pipes, AnonFs sockets, AnonFs anonInodes) {
  /** With the device numbers that Linux often gives them: nothing else in a sandbox has those. */
  public AnonFileSystems() {
    this(
        new AnonFs(14, "pipefs", 0x50495045),
        new AnonFs(9, "sockfs", 0x534F434B),
        new AnonFs(15, "anon_inodefs", 0x09041934));
  }
}
