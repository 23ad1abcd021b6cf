/*
 * The protocol between the agent (init of the virtual machine) and the sandbox's host process, over one port of virtio-serial
 * or vsock.
 * AgentProtocol.java has the same numbers; a test compares the two.
 *
 * A frame is a header (struct frame_header, little endian as both ends are) and a payload. Strings are a u32 length and
 * bytes; lists are a u32 count and their elements. The host speaks first (HELLO); the agent answers with the version that
 * both know. Neither end trusts the other: lengths and counts are checked before use.
 *
 * Data flows under credit. Each output stream of a process may have OUTPUT_WINDOW bytes under way until the host grants
 * more; the host may send INPUT_WINDOW bytes of standard input until the agent grants more. So neither end ever has to stop
 * reading the port, and nobody waits for a reader that waits for him.
 *
 * Host files have a port of their own, and a thread of their own in the agent: what the guest's kernel asks of a FUSE mount
 * goes to the host as it is, and the host's answer back, in frames of the same kind. No more than MAX_FILE_REQUESTS wait for an
 * answer. What is MOUNT_DEVICE is not asked for there: a device with the tag files and the mount's number is mounted. A thread
 * that also reads pipes would not do: splice(2) from such a file to a pipe locks the pipe until the file is read.
 *
 * The network has a third port, and a thread: its other end is the network gofer, whose flow.h says what is spoken there.
 */
#ifndef AGENT_PROTOCOL_H
#define AGENT_PROTOCOL_H

#include <stdint.h>

#define AGENT_VERSION 8
/* The agent's; then that of host files, and the network's. */
#define FIRST_VSOCK_PORT 10861
#define MAX_PAYLOAD 65536
#define OUTPUT_WINDOW 262144
#define INPUT_WINDOW 65536
#define MAX_PROCESSES 256
#define MAX_MOUNTS 64
#define MAX_FILE_REQUESTS 16
#define ROOT_READ_ONLY 1
#define ROOT_SCRATCH 2
#define MOUNT_WRITABLE 1
#define MOUNT_DEVICE 2
#define NETWORK_ON 1
#define NETWORK_V6 2

struct frame_header {
  uint32_t length; /* of the payload */
  uint16_t type;   /* enum frame_type */
  uint16_t zero;
  uint32_t process; /* which process it is about; 0 for none */
};

enum frame_type {
  /* From the host. */
  HELLO = 1,      /* u32 lowest, u32 highest version */
  CONFIGURE = 2,  /* u64 wall clock in ns; str entropy; str host name; u32 disks; u8 root: ROOT_*; u32 max tasks;
                     u32 mounts, each: str target (empty: what lies under the root), u8 MOUNT_*, u32 mode;
                     u8 network: NETWORK_*; u32 published ports, each: u16 number inside */
  START = 3,      /* u8 terminal; u8 standard input; u16 rows; u16 columns; str user; str directory; list argv; list env */
  INPUT = 4,      /* bytes */
  INPUT_END = 5,  /* nothing */
  SIGNAL = 6,     /* u32 number */
  RESIZE = 7,     /* u16 rows; u16 columns */
  GRANT = 8,      /* u32 stream (1 or 2); u32 bytes */
  SHUT_DOWN = 9,  /* nothing */
  QUERY = 10,     /* nothing: asks for STATISTICS */
  STOP_OUTPUT = 11, /* u32 stream: nobody reads it any more, and who writes it is to be told as by a pipe */
  WATCH = 13,     /* nothing: counts system calls from now on */
  STREAM = 14,    /* u8: whether to tell of single system calls from now on */
  FILES_REPLY = 12, /* a FUSE reply; the mount's number is in the header */
  /* From the agent. */
  WELCOME = 64,      /* u32 version; str kernel release */
  CONFIGURED = 65,   /* nothing */
  STARTED = 66,      /* u32 pid inside */
  NOT_STARTED = 67,  /* u32 enum start_failure; u32 errno; str what */
  OUTPUT = 68,       /* u8 stream (1 or 2); bytes */
  OUTPUT_END = 69,   /* u8 stream */
  EXITED = 70,       /* u32 exit code; u32 signal; u8 whether the guest's kernel has killed any for memory */
  GRANT_INPUT = 71,  /* u32 bytes */
  FAILED = 72,       /* str reason: the agent cannot go on */
  FILES_REQUEST = 74, /* a FUSE request; the mount's number is in the header */
  CALLS = 75,        /* before STATISTICS, of each system call that was made since WATCH: u32 number; u64 calls; u64 failures;
                        u64 ns of all; u64 ns of the longest; and as often as the payload has room: u16 bucket (watch.h), u64 calls */
  WATCHED = 76,      /* u32: 0, or an errno */
  STREAMED = 77,     /* u32: 0, or an errno: why there are none to tell of */
  EVENTS = 78,       /* single events: u64 now, on the clock of the events; u64 how many were lost since STREAM; then each:
                        u64 begin ns; u64 duration ns; u64 result; u32 tid; u32 pid; u32 number; u32 enum event_kind;
                        u64 of each of its six arguments; and two texts, each: u8 which argument it is; u8 enum text_kind; u16 length;
                        its bytes */
  STATISTICS = 73,   /* u64 CPU us; u64 memory bytes; u64 memory limit; u32 tasks; u64 context switches */
};

/* What an event tells of. */
enum event_kind {
  CALL_ENDS_IT = 0,    /* a call that does not return */
  CALL_RETURNED = 1,   /* result is what it returned */
  PROCESS_STARTED = 2, /* number is the new one's tid, result its pid; tid and pid are its maker's, or 0 if that is the agent */
  PROGRAM_STARTED = 3, /* the texts are the path, and the arguments, each with its NUL; the first argument is the user's number */
  PROCESS_ENDED = 4,   /* result is its wait status */
};

/* A text of an event. */
enum text_kind {
  NO_TEXT = 0,
  WHOLE_TEXT = 1,
  CUT_TEXT = 2, /* it was longer */
  BYTES = 3,    /* no text, but what the argument points to */
};
/* How long texts are at most; the arguments of a program may have four times that. */
#define TEXT_BYTES 128

/* Why a process was not started: what could not be done. */
enum start_failure {
  CANNOT_EXECUTE = 1,
  NO_SUCH_USER = 2,
  NO_SUCH_GROUP = 3,
  NO_DIRECTORY = 4,
  CANNOT_PREPARE = 5,
};

#endif
