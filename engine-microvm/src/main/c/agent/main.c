/*
 * The first process of a virtual machine: loads what the kernel needs, finds the port to the host, and does what the host
 * says. It has one thread and one loop.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "configuration.h"
#include "stream.h"
#include "watch.h"

/* How often the ring of single calls is emptied. */
#define STREAM_MILLIS 20

static bool welcomed, configured;
/* The host waits for figures; who asks again meanwhile has the same answer. */
static bool asked;

/*
 * Who is at the other end. What a host sends is here with its interrupt, but that it has come is told by a control message,
 * which the driver handles in a work queue: on a busy machine the first bytes are read while the port still says that nobody
 * is there. Such a host is arriving, and what was heard from it and is to be answered must not be forgotten.
 */
static enum { GONE, ARRIVING, HERE } host;

static void set_clock(uint64_t nanos) {
  struct timespec now = {(time_t)(nanos / 1000000000), (long)(nanos % 1000000000)};
  clock_settime(CLOCK_REALTIME, &now);
}

/* A clone's random numbers must not be its template's. */
static void stir(const uint8_t *entropy, size_t length) {
  struct {
    int entropy_count, buf_size;
    char buf[64];
  } pool = {.entropy_count = (int)(length < 64 ? length : 64) * 8, .buf_size = (int)(length < 64 ? length : 64)};
  memcpy(pool.buf, entropy, (size_t)pool.buf_size);
  int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  ioctl(fd, RNDADDENTROPY, &pool);
  ioctl(fd, RNDRESEEDCRNG);
  close(fd);
}

static void raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  close(fd);
}

static void welcome(struct reader *r) {
  struct utsname name;
  uint32_t lowest = read_u32(r), highest = read_u32(r);
  if (r->bad || lowest > AGENT_VERSION || highest < AGENT_VERSION)
    give_up("this agent speaks version %d, and the host %u to %u", AGENT_VERSION, lowest, highest);
  uname(&name);
  uint32_t numbers[2] = {AGENT_VERSION, (uint32_t)strlen(name.release)};
  channel_send(WELCOME, 0, numbers, sizeof numbers, name.release, numbers[1]);
  welcomed = true;
}

static void configure(struct reader *r) {
  static struct configuration wanted;
  const uint8_t *from = r->at;
  if (configured || !read_configuration(r, &wanted)) give_up("the host's configuration is malformed, or its second");
  set_clock(wanted.clock_nanos);
  stir(wanted.entropy, wanted.entropy_length);
  if (wanted.root.scratch) load_modules("scratch");
  if (wanted.root.mounts > 0) load_on_demand("fuse");
  if (wanted.root.devices > 0) load_modules("virtiofs");
  if (wanted.network.on) load_on_demand("tun");
  forget_modules();
  need_for_root(&wanted.root);
  assemble_root(&wanted.root);
  if (wanted.root.channels > 0) files_start(port_open(FILES_PORT), &wanted.root);
  if (wanted.network.on) network_start(port_open(NETWORK_PORT), &wanted.network);
  processes_init(from, (size_t)(r->end - from), wanted.max_tasks);
  configured = true;
  channel_send(CONFIGURED, 0, NULL, 0, NULL, 0);
}

/* Whether every processor has a timer of its own, which goes on when it is idle. */
static bool own_timers(void) {
  char path[80], used[16];
  unsigned int a, b, c, d;
  if (__get_cpuid(6, &a, &b, &c, &d) == 0 || (a & 1U << 2) == 0) return false;
  for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++) {
    snprintf(path, sizeof path, "/sys/devices/system/clockevents/clockevent%ld/current_device", i);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, used, sizeof used);
    if (fd >= 0) close(fd);
    if (n < 5 || strncmp(used, "lapic", 5) != 0) return false;
  }
  return true;
}

/*
 * The old timer chip counts as its firmware left it, though nothing in here uses it: the monitor would wake up for it 36 times a
 * second. In this mode it counts to its end once and then stands still. A kernel whose own timers did not stand its tests, as may
 * happen while the host is busy, needs it.
 */
static void stop_old_timer(void) {
  static bool done;
  if (done) return;
  done = true;
  if (!own_timers() || ioperm(0x40, 4, 1) != 0) return;
  outb(0x30, 0x43);
  outb(0, 0x40);
  outb(0, 0x40);
  ioperm(0x40, 4, 0);
}

static void on_frame(const struct frame_header *header, struct reader *payload) {
  uint32_t a, b;
  if (!welcomed && header->type != HELLO) give_up("the host did not say hello");
  switch (header->type) {
    case HELLO: welcome(payload); break;
    case CONFIGURE: configure(payload); break;
    case START:
      process_start(header->process, payload);
      /* Not earlier, so that nothing a boot waits for can depend on it; and beside the command, which need not wait for this. */
      stop_old_timer();
      finish_unhurried();
      break;
    case INPUT: process_input(header->process, payload->at, header->length); break;
    case INPUT_END: process_input_end(header->process); break;
    case SIGNAL:
      a = read_u32(payload);
      if (!payload->bad) process_signal(header->process, a);
      break;
    case RESIZE:
      a = read_u16(payload);
      b = read_u16(payload);
      if (!payload->bad) process_resize(header->process, (uint16_t)a, (uint16_t)b);
      break;
    case GRANT:
      a = read_u32(payload);
      b = read_u32(payload);
      if (!payload->bad) process_grant(header->process, a, b);
      break;
    case STOP_OUTPUT:
      a = read_u32(payload);
      if (!payload->bad) process_stop_output(header->process, a);
      break;
    case SHUT_DOWN: end_machine();
    case QUERY: asked = true; break;
    case WATCH:
      a = (uint32_t)processes_watch();
      channel_send(WATCHED, 0, &a, sizeof a, NULL, 0);
      break;
    case STREAM:
      a = read_u8(payload);
      b = (uint32_t)processes_stream(a != 0);
      channel_send(STREAMED, 0, &b, sizeof b, NULL, 0);
      break;
    default: give_up("the host sent a frame of unknown type %u", header->type);
  }
}

static void prepare(void) {
  mkdir("/proc", 0755);
  mkdir("/sys", 0755);
  mkdir("/dev", 0755);
  mkdir("/cgroup", 0755);
  mount("proc", "/proc", "proc", 0, NULL);
  mount("sysfs", "/sys", "sysfs", 0, NULL);
  mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  /* What the agent itself has to say goes to the serial console, which the host keeps the end of. */
  int console = open("/dev/console", O_RDWR);
  for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
  if (console > 2) close(console);
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    (void)!write(fd, "-1000", 5);
    close(fd);
  }
  signal(SIGPIPE, SIG_IGN);
  load_modules("early");
  if (is_told("pci")) load_modules("pci");
  if (ports_are_streams()) load_modules("vsock");
  need_at_start();
  ports_listen();
  /* What every command needs, and no host need say: a clone of a template finds it done. */
  raise_loopback();
  hold_disks();
  load_modules("late");
  prepare_root();
  prepare_unhurried();
  processes_prepare();
}

int main(int argc, char **argv) {
  static struct pollfd polls[2 + MAX_PROCESSES * POLLS_PER_PROCESS];
  if (getpid() != 1) {
    /* As the kernel calls modprobe: -q -- NAME. */
    if (argc == 4 && strcmp(argv[1], "-q") == 0) return load_for_kernel(argv[3]);
    fprintf(stderr, "vivarium-agent: this is the first process of a virtual machine\n");
    return 1;
  }
  prepare();
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  int children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  channel_open(port_open(AGENT_PORT));
  for (;;) {
    polls[0] = (struct pollfd){channel_fd(), (short)(POLLIN | (channel_pending() ? POLLOUT : 0)), 0};
    polls[1] = (struct pollfd){children, POLLIN, 0};
    int count = processes_poll(polls, 2);
    if (poll(polls, (nfds_t)count, stream_is_on() ? STREAM_MILLIS : -1) < 0 && errno != EINTR) give_up("poll: %s", strerror(errno));
    struct signalfd_siginfo ignored;
    while (read(children, &ignored, sizeof ignored) > 0) {
    }
    bool heard, connected = channel_receive(on_frame, &heard);
    processes_reap();
    processes_pump();
    stream_send();
    if (asked && watch_send()) {
      send_statistics();
      asked = false;
    }
    connected = channel_flush() && connected;
    if (connected) {
      host = HERE;
    } else {
      /* A host that has gone for good takes the machine with it. In a template, and before it has come, it is waited for. */
      if (configured) end_machine();
      if (ports_are_streams()) {
        close(channel_fd());
        channel_reset();
        welcomed = false;
        channel_open(port_open(AGENT_PORT));
        continue;
      }
      if (heard) {
        host = ARRIVING;
      } else if (host == HERE) {
        host = GONE;
        channel_reset();
        welcomed = false;
      }
      usleep(1000);
    }
  }
}
