/*
 * Files of the host. The kernel's requests are carried to the host as they are and its replies back; all that is known of them
 * here is their length, and which of them are answered. The thread that does it touches nothing else: what another one waits
 * for may be such a file. (So it uses neither stdio nor malloc either, which a child of the agent's needs unlocked.)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent.h"

static int port, devices[MAX_MOUNTS];
static bool mounted[MAX_MOUNTS];
static uint32_t opened, waiting;
static uint8_t input[sizeof(struct frame_header) + MAX_PAYLOAD], output[sizeof(struct frame_header) + MAX_PAYLOAD];
static size_t input_length;

int *files_devices(void) { return devices; }

const char *files_mount(const struct root_options *options, uint32_t number, const char *target) {
  static char failed[256];
  char data[128];
  const struct mount_options *mount_options = &options->mount[number];
  unsigned long flags = MS_NOSUID | MS_NODEV | (mount_options->writable ? 0 : MS_RDONLY);
  bool done;
  if (mount_options->device) {
    snprintf(data, sizeof data, "files%u", number);
    done = mount(data, target, "virtiofs", flags, "") == 0;
  } else {
    snprintf(data, sizeof data, "fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other,default_permissions", devices[number],
             mount_options->mode);
    done = mount("host", target, "fuse", flags, data) == 0;
  }
  if (done) return NULL;
  snprintf(failed, sizeof failed, "the mount at %.200s: %s", target, strerror(errno));
  return failed;
}

static bool is_answered(uint32_t opcode) { return opcode != FUSE_FORGET && opcode != FUSE_BATCH_FORGET && opcode != FUSE_INTERRUPT; }

/* Takes one request of a mount to the host; false if there is none now. */
static bool ask(uint32_t number) {
  uint8_t *request = output + sizeof(struct frame_header);
  ssize_t n = read(devices[number], request, MAX_PAYLOAD);
  /* ENOENT: who asked has been killed meanwhile. */
  if (n < 0 && (errno == EINTR || errno == ENOENT)) return true;
  /* Before it is mounted, reading says EPERM, and polling an error. */
  if (n < 0 && errno == EPERM) return false;
  mounted[number] = true;
  if (n < 0 && errno == EAGAIN) return false;
  if (n < (ssize_t)sizeof(struct fuse_in_header)) {
    /* Unmounted. */
    close(devices[number]);
    devices[number] = -1;
    return false;
  }
  struct fuse_in_header header;
  memcpy(&header, request, sizeof header);
  if (is_answered(header.opcode)) waiting++;
  struct frame_header frame = {(uint32_t)n, FILES_REQUEST, 0, number};
  memcpy(output, &frame, sizeof frame);
  size_t length = sizeof frame + (size_t)n, at = 0;
  while (at < length) {
    ssize_t written = write(port, output + at, length - at);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      struct pollfd room = {port, POLLOUT, 0};
      poll(&room, 1, 100);
      continue;
    }
    if (written <= 0) return false;
    at += (size_t)written;
  }
  return true;
}

/* Takes what has come of the host's answers to the kernel; false when the host is gone, or is no host of ours. */
static bool answer(bool *heard) {
  for (;;) {
    ssize_t n = read(port, input + input_length, sizeof input - input_length);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    /* Until it has been heard, it may only not have been seen yet. */
    if (n == 0) return !*heard;
    *heard = true;
    input_length += (size_t)n;
    size_t at = 0;
    struct frame_header frame;
    while (input_length - at >= sizeof frame) {
      memcpy(&frame, input + at, sizeof frame);
      if (frame.length > MAX_PAYLOAD || frame.type != FILES_REPLY || frame.process >= opened || waiting == 0) return false;
      if (input_length - at < sizeof frame + frame.length) break;
      waiting--;
      /* What fails is that nobody waits for it any more. */
      int device = devices[frame.process];
      if (device >= 0) (void)!write(device, input + at + sizeof frame, frame.length);
      at += sizeof frame + frame.length;
    }
    memmove(input, input + at, input_length - at);
    input_length -= at;
  }
}

static void *serve(void *nothing) {
  static struct pollfd polls[MAX_MOUNTS + 1];
  bool heard = false;
  while (answer(&heard)) {
    bool all_mounted = true;
    nfds_t count = 1;
    polls[0] = (struct pollfd){port, POLLIN, 0};
    for (uint32_t i = 0; i < opened; i++) {
      while (devices[i] >= 0 && waiting < MAX_FILE_REQUESTS && ask(i)) {
      }
      all_mounted = all_mounted && mounted[i];
      if (mounted[i] && devices[i] >= 0 && waiting < MAX_FILE_REQUESTS) polls[count++] = (struct pollfd){devices[i], POLLIN, 0};
    }
    poll(polls, count, all_mounted ? -1 : 1);
    if (polls[0].revents & POLLHUP) usleep(1000);
  }
  /* Whoever waits for a file, or will, is told that it is gone. */
  for (uint32_t i = 0; i < opened; i++)
    if (devices[i] >= 0) close(devices[i]);
  return nothing;
}

void files_start(int files_port, const struct root_options *options) {
  pthread_t thread;
  port = files_port;
  for (; opened < options->mounts; opened++) {
    if (options->mount[opened].device) {
      devices[opened] = -1;
      mounted[opened] = true;
      continue;
    }
    devices[opened] = open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (devices[opened] < 0) give_up("host files cannot be shown: this kernel has no FUSE: %s", strerror(errno));
  }
  int error = pthread_create(&thread, NULL, serve, NULL);
  if (error != 0) give_up("cannot make a thread: %s", strerror(error));
}
