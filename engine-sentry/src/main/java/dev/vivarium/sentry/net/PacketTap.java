package dev.vivarium.sentry.net;

import java.lang.foreign.MemorySegment;

/**
 * Looks on at what goes over the sandbox's network. There is none unless somebody watches. Names
 * are socket addresses as the guest sees them. On the kernel thread.
 */
public interface PacketTap {
  /** A TCP connection was made. */
  void opened(byte[] client, byte[] server);

  /** One was tried, and refused; or nobody answered. */
  void refused(byte[] client, byte[] server, boolean answered);

  /** Data of a TCP connection. */
  void data(byte[] from, byte[] to, MemorySegment segment, long offset, long length);

  /** One side of a TCP connection sends no more; with {@code reset} neither does. */
  void ended(byte[] from, byte[] to, boolean reset);

  /** A datagram. */
  void datagram(byte[] from, byte[] to, byte[] data);
}
