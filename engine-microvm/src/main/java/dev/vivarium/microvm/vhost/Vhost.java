package dev.vivarium.microvm.vhost;

/**
 * Numbers of vhost-user (QEMU's docs/interop/vhost-user.rst) and of split virtqueues (virtio 1.2,
 * 2.7).
 */
final class Vhost {
  // Requests.
  static final int GET_FEATURES = 1;
  static final int SET_FEATURES = 2;
  static final int SET_OWNER = 3;
  static final int SET_MEM_TABLE = 5;
  static final int SET_VRING_NUM = 8;
  static final int SET_VRING_ADDR = 9;
  static final int SET_VRING_BASE = 10;
  static final int GET_VRING_BASE = 11;
  static final int SET_VRING_KICK = 12;
  static final int SET_VRING_CALL = 13;
  static final int SET_VRING_ERR = 14;
  static final int GET_PROTOCOL_FEATURES = 15;
  static final int SET_PROTOCOL_FEATURES = 16;
  static final int GET_QUEUE_NUM = 17;
  static final int SET_VRING_ENABLE = 18;

  /** A message: u32 request, u32 flags, u32 size of what follows. */
  static final int HEADER = 12;

  static final int VERSION = 1;
  static final int VERSION_MASK = 3;
  static final int REPLY = 1 << 2;
  static final int NEED_REPLY = 1 << 3;

  /** Instead of a descriptor, with the number of a ring. */
  static final int NO_DESCRIPTOR = 1 << 8;

  /** VIRTIO_F_VERSION_1 and VHOST_USER_F_PROTOCOL_FEATURES. */
  static final long FEATURES = 1L << 32 | 1L << 30;

  static final long PROTOCOL_FEATURE_MQ = 1;
  static final long PROTOCOL_FEATURE_REPLY_ACK = 1 << 3;

  static final int MOST_REGIONS = 8;

  /** u64 guest address, u64 size, u64 address in the monitor, u64 offset in the file. */
  static final int REGION = 32;

  /** A descriptor in a ring: u64 address, u32 length, u16 flags, u16 next. */
  static final int DESCRIPTOR = 16;

  static final int NEXT = 1;
  static final int WRITE = 2;
  static final int INDIRECT = 4;

  /** u16 flags, u16 index, u16 of each entry; then one that we do not use. */
  static final int AVAILABLE_HEAD = 4;

  static final int NO_INTERRUPT = 1;

  /** u16 flags, u16 index; u32 descriptor and u32 length of each entry. */
  static final int USED_HEAD = 4;

  static final int USED_ENTRY = 8;
  static final short NO_NOTIFY = 1;

  private Vhost() {}
}
