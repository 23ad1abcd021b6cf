package dev.vivarium.sentry.net.outside;

/** The protocol with the network gofer: numbers and offsets of {@code netgofer/protocol.h}. */
final class NetWire {
  static final int VERSION = 4;
  static final int MAX_DATAGRAM = 65_507;

  static final int HELLO = 1;
  static final int OPEN = 2;
  static final int ASK = 3;
  static final int CREDIT = 4;
  static final int DATAGRAM = 5;
  static final int LISTEN = 6;
  static final int UNLISTEN = 7;
  static final int ANSWER = 8;

  static final int REPLY = 1;
  static final int ACCEPTED = 2;
  static final int ARRIVED = 3;
  static final int RESOLVED = 4;
  static final int QUESTION = 7;

  /** The index of what comes from members of the private network, and goes to them. */
  static final int MEMBER_PORT = 0xffff;

  /** The first byte of the descriptor says what became of the connection. */
  static final int OPEN_VERDICT = 1;

  static final int ANSWER_REFUSE = 0;
  static final int ANSWER_ALLOW = 1;
  static final int ANSWER_NONE = 2;

  static final int PROTOCOL_TCP = 1;
  static final int PROTOCOL_UDP = 2;

  // struct net_request
  static final int REQUEST_SIZE = 32;
  static final int REQUEST_SEQUENCE = 0;
  static final int REQUEST_OP = 4;
  static final int REQUEST_INDEX = 6;
  static final int REQUEST_VALUE = 8;
  static final int REQUEST_PROTOCOL = 12;
  static final int REQUEST_PORT = 14;
  static final int REQUEST_ADDRESS = 16;

  // struct net_message
  static final int MESSAGE_SIZE = 60;
  static final int MESSAGE_SEQUENCE = 0;
  static final int MESSAGE_EVENT = 4;
  static final int MESSAGE_INDEX = 6;
  static final int MESSAGE_ERROR = 8;
  static final int MESSAGE_RULE = 12;
  static final int MESSAGE_VALUE = 16;
  static final int MESSAGE_KIND = 20;
  static final int MESSAGE_PROTOCOL = 21;
  static final int MESSAGE_PORT = 22;
  static final int MESSAGE_ADDRESS = 24;
  static final int MESSAGE_LOCAL_ADDRESS = 40;
  static final int MESSAGE_LOCAL_PORT = 56;
  static final int MESSAGE_LENGTH = 58;

  // enum net_feature
  static final int HAS_V4 = 1;
  static final int HAS_V6 = 2;
  static final int USER_NS = 4;
  static final int EMPTY_ROOT = 8;
  static final int NOBODY = 16;
  static final int SECCOMP = 32;
  static final int NO_CAPS = 64;
  static final int LANDLOCK = 128;
  static final int IN_NAMESPACE = 256;

  private NetWire() {}
}
