package dev.vivarium.microvm.agent;

/** The numbers of {@code protocol.h}, which says what they mean; a test compares the two. */
final class AgentProtocol {
  static final int AGENT_VERSION = 8;
  static final int FIRST_VSOCK_PORT = 10861;
  static final int MAX_PAYLOAD = 65536;
  static final int OUTPUT_WINDOW = 262144;
  static final int INPUT_WINDOW = 65536;
  static final int MAX_MOUNTS = 64;
  static final int MAX_FILE_REQUESTS = 16;
  static final int ROOT_READ_ONLY = 1;
  static final int ROOT_SCRATCH = 2;
  static final int MOUNT_WRITABLE = 1;
  static final int MOUNT_DEVICE = 2;
  static final int NETWORK_ON = 1;
  static final int NETWORK_V6 = 2;
  static final int HEADER = 12;

  static final int HELLO = 1;
  static final int CONFIGURE = 2;
  static final int START = 3;
  static final int INPUT = 4;
  static final int INPUT_END = 5;
  static final int SIGNAL = 6;
  static final int RESIZE = 7;
  static final int GRANT = 8;
  static final int SHUT_DOWN = 9;
  static final int QUERY = 10;
  static final int STOP_OUTPUT = 11;
  static final int WATCH = 13;
  static final int STREAM = 14;
  static final int FILES_REPLY = 12;
  static final int WELCOME = 64;
  static final int CONFIGURED = 65;
  static final int STARTED = 66;
  static final int NOT_STARTED = 67;
  static final int OUTPUT = 68;
  static final int OUTPUT_END = 69;
  static final int EXITED = 70;
  static final int GRANT_INPUT = 71;
  static final int FAILED = 72;
  static final int STATISTICS = 73;
  static final int FILES_REQUEST = 74;

  static final int CALLS = 75;
  static final int WATCHED = 76;
  static final int STREAMED = 77;
  static final int EVENTS = 78;

  static final int CALL_ENDS_IT = 0;
  static final int CALL_RETURNED = 1;
  static final int PROCESS_STARTED = 2;
  static final int PROGRAM_STARTED = 3;
  static final int PROCESS_ENDED = 4;

  static final int NO_TEXT = 0;
  static final int WHOLE_TEXT = 1;
  static final int CUT_TEXT = 2;
  static final int BYTES = 3;
  static final int TEXT_BYTES = 128;

  static final int CANNOT_EXECUTE = 1;
  static final int NO_SUCH_USER = 2;
  static final int NO_SUCH_GROUP = 3;
  static final int NO_DIRECTORY = 4;
  static final int CANNOT_PREPARE = 5;

  private AgentProtocol() {}
}
