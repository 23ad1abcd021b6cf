package dev.vivarium.sentry.gofer;

/** The protocol with the gofer: numbers and offsets of {@code gofer/protocol.h}. */
final class Wire {
  static final int VERSION = 5;

  static final int HELLO = 1;
  static final int WALK = 2;
  static final int OPEN = 3;
  static final int READDIR = 4;
  static final int STATFS = 5;
  static final int CLOSE = 6;
  static final int CREATE = 7;
  static final int MKDIR = 8;
  static final int SYMLINK = 9;
  static final int LINK = 10;
  static final int UNLINK = 11;
  static final int RENAME = 12;
  static final int SETATTR = 13;
  static final int FSYNC = 14;
  static final int MKNOD = 15;

  /** Flag of WALK: give me a handle if it is a directory. */
  static final int WALK_HANDLE = 1;

  /** Flag of WALK: give me a descriptor to read from if it is a regular file. */
  static final int WALK_OPEN = 2;

  /** Flag of READDIR: also what is below, as far as there is room. */
  static final int READDIR_DEEP = 1;

  /** Flag of READDIR: have the host tell of changes. */
  static final int READDIR_WATCH = 2;

  /** The handle of the directory of the roots "0", "1" … */
  static final int ROOTS_HANDLE = 0;

  static final int MAX_PATH = 4095;
  static final int MAX_PAYLOAD = 64 * 1024;

  // struct gofer_request
  static final int REQUEST_SIZE = 64;
  static final int REQUEST_OP = 0;
  static final int REQUEST_SEQUENCE = 4;
  static final int REQUEST_HANDLE = 8;
  static final int REQUEST_HANDLE2 = 12;
  static final int REQUEST_FLAGS = 16;
  static final int REQUEST_MODE = 20;
  static final int REQUEST_UID = 24;
  static final int REQUEST_GID = 28;
  static final int REQUEST_OFFSET = 32;
  static final int REQUEST_ATIME = 40;
  static final int REQUEST_MTIME = 48;
  static final int REQUEST_NAME_LENGTH = 56;
  static final int REQUEST_NAME2_LENGTH = 58;
  static final int REQUEST_CPU = 60;

  // struct gofer_node
  static final int NODE_SIZE = 80;
  static final int NODE_INO = 0;
  static final int NODE_DEV = 8;
  static final int NODE_MODE = 16;
  static final int NODE_NLINK = 20;
  static final int NODE_UID = 24;
  static final int NODE_GID = 28;
  static final int NODE_RDEV = 32;
  static final int NODE_LENGTH = 40;
  static final int NODE_BLOCKS = 48;
  static final int NODE_ATIME = 56;
  static final int NODE_MTIME = 64;
  static final int NODE_CTIME = 72;

  // struct gofer_reply
  static final int REPLY_SIZE = 112;
  static final int REPLY_SEQUENCE = 0;
  static final int REPLY_ERROR = 4;
  static final int REPLY_HANDLE = 8;
  static final int REPLY_COUNT = 12;
  static final int REPLY_VALUE = 16;
  static final int REPLY_NODE = 24;
  static final int REPLY_CPU = 104;

  /** In place of a processor's number: nobody looks for a message, or it is not known. */
  static final int NO_CPU = -1;

  // struct gofer_entry
  static final int ENTRY_SIZE = 96;
  static final int ENTRY_NODE = 0;
  static final int ENTRY_COOKIE = 80;
  static final int ENTRY_NAME_LENGTH = 88;
  static final int ENTRY_TARGET_LENGTH = 90;

  // struct gofer_block
  static final int BLOCK_SIZE = 96;
  static final int BLOCK_NODE = 0;
  static final int BLOCK_COUNT = 80;
  static final int BLOCK_LENGTH = 84;
  static final int BLOCK_WATCH = 88;

  // struct gofer_ahead
  static final int AHEAD_SIZE = 88;
  static final int AHEAD_NODE = 0;
  static final int AHEAD_ERROR = 80;

  /** Most names of one OPEN that are opened ahead. */
  static final int MAX_AHEAD = 64;

  private Wire() {}
}
