/* What the parts of the agent share. */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol.h"

/* Reads a payload from front to back; a read past its end makes it bad and yields zeros. */
struct reader {
  const uint8_t *at, *end;
  bool bad;
};

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
/* A copy with a NUL at its end, to be freed; with no NUL inside, else the reader is bad. */
char *read_string(struct reader *r);
/* A NULL-terminated array of copies; bad if there are more than the payload could hold. */
char **read_list(struct reader *r);
void free_list(char **list);

/* channel.c: frames over the port. */
void channel_open(int fd);
int channel_fd(void);
/* Queues a frame made of two parts; the queue is bounded by the credit that streams have. */
void channel_send(uint16_t type, uint32_t process, const void *a, size_t a_length, const void *b, size_t b_length);
/* Whether something waits to be written. */
bool channel_pending(void);
/* Whether output should not be added now. */
bool channel_full(void);
/* Writes what the port takes. False: nobody is at the other end. */
bool channel_flush(void);
/* Reads what there is and hands over whole frames. False: nobody is at the other end. Whether anything came is in heard. */
bool channel_receive(void (*on_frame)(const struct frame_header *header, struct reader *payload), bool *heard);
/* Forgets what was under way: another host is to come. */
void channel_reset(void);
/* Tells the host why and powers off. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* port.c: to the host. */
enum port { AGENT_PORT, FILES_PORT, NETWORK_PORT };
/* Whether the kernel's command line has a word for us. */
bool is_told(const char *word);
/* Ports of vsock, which are streams that come and go, and not of virtio-serial. */
bool ports_are_streams(void);
void ports_listen(void);
int port_open(enum port port);
/* As the monitor understands it. */
_Noreturn void end_machine(void);

/* modules.c: those of a list in /modules, but for what is loaded later or on demand. */
void load_modules(const char *list);
/* One of these, unless it is there. */
void load_on_demand(const char *name);
/* Leaves some to a process of their own, unless this is a template; and has it load them, beside the command. */
void prepare_unhurried(void);
void finish_unhurried(void);
/* Gives back the memory of those that are not needed; the kernel loads the others when somebody wants them. */
void forget_modules(void);
/* What the kernel's request for a module is answered with, in a process of its own: 0, or 1 if there is none. */
int load_for_kernel(const char *wanted);

/* kernel.c: ends the machine with a line that says what its kernel lacks. */
struct root_options;
void need_at_start(void);
void need_for_root(const struct root_options *options);

/* root.c: the file tree that the command sees. */
struct mount_options {
  char *target; /* "": under the root, instead of disks */
  bool writable, device;
  uint32_t mode; /* of what is mounted: a directory's or a regular file's */
};
struct root_options {
  uint32_t disks;
  bool read_only, scratch, network;
  const char *host_name;
  uint32_t mounts, devices, channels; /* all; those with a device each; those that the host is asked for */
  struct mount_options mount[MAX_MOUNTS];
};
/* Writes a text into a file that is there, such as one of a kernel's settings. */
bool write_file(const char *path, const char *text);
/* What can be done of it before the host has said anything. */
void prepare_root(void);
/* Disks are not looked at when their driver comes, but by assemble_root: a clone has others than the template that it was made from. */
void hold_disks(void);
/* Nor at those whose drivers come later still, but now. */
void probe_unhurried(void);
/* Mounts the disks and puts the writable layer over them at /root. */
void assemble_root(const struct root_options *options);
/* In the namespaces of the command, and their first process: makes /root the root, with /proc, /dev and /sys. NULL or what failed. */
const char *enter_root(const struct root_options *options);

/*
 * files.c: files of the host, by FUSE: the kernel's requests go to the host, its replies back, on a thread of its own. But those
 * with a device the kernel asks for itself.
 */
void files_start(int port, const struct root_options *options);
/* Its MAX_MOUNTS descriptors, one for each mount: a process that was there before must be told of them. */
int *files_devices(void);
/* In the command's world: mounts one at a path. NULL, or what failed. */
const char *files_mount(const struct root_options *options, uint32_t number, const char *target);

/* user.c: who a command runs as, by the image's own /etc/passwd and /etc/group. */
struct identity {
  uid_t uid;
  gid_t gid;
  gid_t groups[256];
  int group_count;
  char home[256];
};
/* 0, or an enum start_failure. */
int find_identity(const char *user, struct identity *identity);

/* process.c: the processes that the host asked for. */
struct pollfd;
/* Makes their namespaces and the first process in them, which waits for the host's configuration. */
void processes_prepare(void);
/* Gives it the configuration, and waits until the command's world is there. */
void processes_init(const uint8_t *configuration, size_t length, uint32_t max_tasks);
void process_start(uint32_t id, struct reader *request);
void process_input(uint32_t id, const uint8_t *bytes, size_t length);
void process_input_end(uint32_t id);
void process_signal(uint32_t id, uint32_t number);
void process_resize(uint32_t id, uint16_t rows, uint16_t columns);
void process_stop_output(uint32_t id, uint32_t stream);
void process_grant(uint32_t id, uint32_t stream, uint32_t bytes);
/* Adds what it waits for; returns the new count. */
int processes_poll(struct pollfd *polls, int count);
#define POLLS_PER_PROCESS 4
/* Looks at everything that may have moved. */
void processes_pump(void);
/* Reaps children. */
void processes_reap(void);
void send_statistics(void);
/* Begins to count their system calls; 0 or an errno. */
int processes_watch(void);
/* Begins or ends to tell of them one by one; 0 or an errno. */
int processes_stream(bool on);

#endif
