package dev.vivarium.sentry.net;

import dev.vivarium.sentry.vfs.File;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What goes with the data of one send or receive. */
public final class SocketMessage {
  /** MSG_* of the call. */
  public int flags;

  /** Where to, or where from: a whole {@code sockaddr}; null if there is none. */
  public byte @Nullable [] address;

  /** Files that go along (SCM_RIGHTS), each with a reference that the message owns. */
  public List<File> rights = List.of();

  /** What the sender says of itself, or who it was. */
  public @Nullable PeerCredentials credentials;

  /**
   * Sent: the time to live (hop limit) and type of service (traffic class) of this datagram, or -1.
   */
  public int hops = -1;

  public int trafficClass = -1;

  /** Received: what the datagram's header said; null where there is none. */
  public @Nullable PacketInfo packet;

  /** Received: MSG_* for {@code msg_flags}. */
  public int resultFlags;

  /** Received: the length of the datagram, which may be more than was asked for. */
  public long fullLength;
}
