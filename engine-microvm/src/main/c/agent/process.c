/*
 * The processes that the host asked for. They live in one set of namespaces, whose first process (pid 1 inside) only reaps
 * orphans; a command is a child of the agent that has entered them, so that signals reach it as on any machine, which
 * they would not if it were pid 1 itself.
 *
 * A child tells of its start over a socket pair that closes with exec: the terminal's other end, or what went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"
#include "configuration.h"
#include "stream.h"
#include "watch.h"

#define CHUNK 32768

struct process {
  uint32_t id; /* 0: free */
  pid_t pid;
  int start;     /* the socket pair's end, until it runs */
  int out[2];    /* its output; with a terminal out[0] is the terminal */
  int in;        /* its standard input, or the terminal, or -1 */
  bool terminal, started, reaped, input_ended;
  int status;
  uint32_t credit[2];
  uint8_t *input; /* INPUT_WINDOW bytes, a ring */
  size_t input_start, input_length;
};

static struct process processes[MAX_PROCESSES];
static pid_t first;
/* What it waits for, and what it says of it; with both ends of each, since it has our descriptors. */
static int first_go[2] = {-1, -1}, first_ready[2] = {-1, -1};
static bool limited;                        /* there is a cgroup */
static bool ready_for_processes;
static int namespaces = -1; /* pidfd of their first process */

struct start_report {
  uint32_t failure; /* enum start_failure; 0: the terminal comes with it */
  int32_t error;
};

struct request {
  bool terminal, input;
  uint16_t rows, columns;
  char *user, *directory;
  char **argv, **env;
};

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static bool read_all(int fd, void *to, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t n = read(fd, (uint8_t *)to + at, length - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += (size_t)n;
  }
  return true;
}

/* The first process of the namespaces. It has the agent's descriptors, also those that come, until it knows what to do. */
static _Noreturn void reap_orphans(void) {
  static uint8_t payload[MAX_PAYLOAD];
  static struct configuration configuration;
  uint32_t length;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  write_file("/cgroup/sandbox/cgroup.procs", "0");
  if (unshare(CLONE_NEWCGROUP) != 0) _exit(1);
  if (!read_all(first_go[0], &length, sizeof length) || length > sizeof payload || !read_all(first_go[0], payload, length) ||
      !read_all(first_go[0], files_devices(), MAX_MOUNTS * sizeof(int)))
    _exit(1);
  struct reader reader = {payload, payload + length, false};
  if (unshare(CLONE_FILES | CLONE_NEWNS) != 0 || !read_configuration(&reader, &configuration)) _exit(1);
  const char *failed = enter_root(&configuration.root);
  if (failed == NULL) failed = "";
  if (write(first_ready[1], failed, strlen(failed) + 1) < 0) _exit(1);
  close_range(0, ~0U, 0);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  for (;;) {
    int signal;
    sigwait(&child, &signal);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  }
}

void processes_prepare(void) {
  if (mount("cgroup2", "/cgroup", "cgroup2", 0, NULL) == 0) {
    write_file("/cgroup/cgroup.subtree_control", "+pids");
    write_file("/cgroup/cgroup.subtree_control", "+memory");
    write_file("/cgroup/cgroup.subtree_control", "+cpu");
    mkdir("/cgroup/sandbox", 0755);
    limited = true;
  }
  if (pipe2(first_go, O_CLOEXEC) != 0 || pipe2(first_ready, O_CLOEXEC) != 0) give_up("pipe: %s", strerror(errno));
  first = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, NULL, NULL, NULL, NULL);
  if (first == 0) reap_orphans();
  if (first < 0) give_up("cannot make namespaces: %s", strerror(errno));
  namespaces = (int)syscall(SYS_pidfd_open, first, 0);
  if (namespaces < 0) give_up("the first process of the sandbox's namespaces: %s", strerror(errno));
}

void processes_init(const uint8_t *configuration, size_t length, uint32_t max_tasks) {
  char text[64], failed[256];
  uint32_t size = (uint32_t)length;
  if (max_tasks != 0) {
    snprintf(text, sizeof text, "%u", max_tasks + 1); /* and the one that reaps */
    if (!limited || !write_file("/cgroup/sandbox/pids.max", text)) give_up("cannot limit the number of tasks");
  }
  if (write(first_go[1], &size, sizeof size) != sizeof size || write(first_go[1], configuration, length) != (ssize_t)length ||
      write(first_go[1], files_devices(), MAX_MOUNTS * sizeof(int)) != (ssize_t)(MAX_MOUNTS * sizeof(int)))
    give_up("the first process of the sandbox's namespaces: %s", strerror(errno));
  /* It answers or ends. */
  struct pollfd polls[2] = {{first_ready[0], POLLIN, 0}, {namespaces, POLLIN, 0}};
  while (poll(polls, 2, -1) < 0 && errno == EINTR) {
  }
  ssize_t n = (polls[0].revents & POLLIN) != 0 ? read(first_ready[0], failed, sizeof failed - 1) : 0;
  failed[n < 0 ? 0 : n] = 0;
  if (n <= 0 || failed[0] != 0) give_up("cannot make the command's world: %s", n <= 0 ? "its first process died" : failed);
  /* Children of this process are born there from now on. */
  if (setns(namespaces, CLONE_NEWPID) != 0) give_up("cannot enter the pid namespace: %s", strerror(errno));
  for (int i = 0; i < 2; i++) {
    close_fd(&first_go[i]);
    close_fd(&first_ready[i]);
  }
  ready_for_processes = true;
}

static struct process *find(uint32_t id) {
  for (struct process *p = processes; id != 0 && p < processes + MAX_PROCESSES; p++)
    if (p->id == id) return p;
  return NULL;
}

static void not_started(uint32_t id, uint32_t failure, int error, const char *what) {
  uint32_t numbers[3] = {failure, (uint32_t)error, (uint32_t)strlen(what)};
  channel_send(NOT_STARTED, id, numbers, sizeof numbers, what, numbers[2]);
}

/* In the child. */
static _Noreturn void report(int start, uint32_t failure, int error) {
  struct start_report report = {failure, error};
  if (send(start, &report, sizeof report, MSG_NOSIGNAL) < 0) _exit(126);
  _exit(127);
}

static void send_terminal(int start, int master) {
  struct start_report report = {0, 0};
  struct iovec data = {&report, sizeof report};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof master);
  memcpy(CMSG_DATA(rights), &master, sizeof master);
  if (sendmsg(start, &message, MSG_NOSIGNAL) < 0) _exit(126);
}

/* Opens a terminal in the sandbox's devpts and puts it at 0, 1 and 2. */
static void take_terminal(int start, const struct request *request, bool console) {
  int number, unlock = 0;
  char path[32];
  int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0 || ioctl(master, TIOCGPTN, &number) != 0)
    report(start, CANNOT_PREPARE, errno);
  struct winsize size = {request->rows, request->columns, 0, 0};
  ioctl(master, TIOCSWINSZ, &size);
  snprintf(path, sizeof path, "/dev/pts/%d", number);
  setsid();
  int slave = open(path, O_RDWR);
  if (slave < 0 || ioctl(slave, TIOCSCTTY, 0) != 0) report(start, CANNOT_PREPARE, errno);
  if (console) {
    close(open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    mount(path, "/dev/console", NULL, MS_BIND, NULL);
  }
  send_terminal(start, master);
  for (int fd = 0; fd < 3; fd++) dup2(slave, fd);
  if (slave > 2) close(slave);
}

/* Looks for the program as a shell does; returns only with an error. */
static int execute(char **argv, char **env, const char *search) {
  if (argv[0] == NULL) return ENOENT;
  if (strchr(argv[0], '/') != NULL) {
    execve(argv[0], argv, env);
    return errno;
  }
  int error = ENOENT;
  for (const char *from = search; from != NULL;) {
    const char *colon = strchr(from, ':');
    int length = colon != NULL ? (int)(colon - from) : (int)strlen(from);
    char path[4096];
    if (snprintf(path, sizeof path, "%.*s%s%s", length, from, length > 0 ? "/" : "", argv[0]) < (int)sizeof path) {
      execve(path, argv, env);
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
      if (errno == ENOEXEC || errno == E2BIG) return errno;
    }
    from = colon != NULL ? colon + 1 : NULL;
  }
  return error;
}

static char **with_home(char **env, const char *home) {
  size_t count = 0;
  for (; env[count] != NULL; count++)
    if (strncmp(env[count], "HOME=", 5) == 0) return env;
  char **more = calloc(count + 2, sizeof *more);
  char *entry = malloc(strlen(home) + 6);
  if (more == NULL || entry == NULL) return env;
  memcpy(more, env, count * sizeof *env);
  sprintf(entry, "HOME=%s", home);
  more[count] = entry;
  return more;
}

/* Makes the working directory where it is missing, as other engines do. */
static int go_to(const char *directory) {
  char path[4096];
  if (chdir(directory) == 0) return 0;
  if (errno != ENOENT || strlen(directory) >= sizeof path) return errno;
  for (size_t i = 1; directory[i - 1] != 0; i++) {
    path[i - 1] = directory[i - 1];
    if (directory[i] != '/' && directory[i] != 0) continue;
    path[i] = 0;
    if (mkdir(path, 0755) != 0 && errno != EEXIST) return errno;
  }
  return chdir(directory) == 0 ? 0 : errno;
}

static _Noreturn void run_child(int start, const struct request *request, bool is_first) {
  struct identity identity;
  write_file("/cgroup/sandbox/cgroup.procs", "0");
  /* The agent is not to be killed for want of memory; what it starts is, or the kernel finds nobody and panics. */
  write_file("/proc/self/oom_score_adj", "0");
  if (setns(namespaces, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) != 0) report(start, CANNOT_PREPARE, errno);
  int failure = find_identity(request->user, &identity);
  if (failure != 0) report(start, (uint32_t)failure, 0);
  int error = go_to(request->directory);
  if (error != 0) report(start, NO_DIRECTORY, error);
  if (request->terminal)
    take_terminal(start, request, is_first);
  else
    setsid();
  struct rlimit files = {1024, 524288};
  setrlimit(RLIMIT_NOFILE, &files);
  if (setgroups((size_t)identity.group_count, identity.groups) != 0 || setresgid(identity.gid, identity.gid, identity.gid) != 0 ||
      setresuid(identity.uid, identity.uid, identity.uid) != 0)
    report(start, CANNOT_PREPARE, errno);
  char **env = with_home(request->env, identity.home);
  const char *search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (char **e = env; *e != NULL; e++)
    if (strncmp(*e, "PATH=", 5) == 0) search = *e + 5;
  for (int signal = 1; signal < NSIG; signal++) (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(022);
  report(start, CANNOT_EXECUTE, execute(request->argv, env, search));
}

static void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static void launch(struct process *p, const struct request *request, bool is_first) {
  int start[2] = {-1, -1}, in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
  bool ok = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, start) == 0;
  if (ok && !request->terminal) {
    ok = pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0;
    if (request->input)
      ok = ok && pipe2(in, O_CLOEXEC) == 0;
    else
      in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  p->pid = ok ? fork() : -1;
  if (p->pid == 0) {
    if (!request->terminal) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      dup2(err[1], 2);
    }
    run_child(start[1], request, is_first);
  }
  int error = errno;
  close_fd(&start[1]);
  close_fd(&in[0]);
  close_fd(&out[1]);
  close_fd(&err[1]);
  p->start = start[0];
  p->in = in[1];
  p->out[0] = out[0];
  p->out[1] = err[0];
  if (p->pid < 0) {
    close_fd(&p->start);
    close_fd(&p->in);
    close_fd(&p->out[0]);
    close_fd(&p->out[1]);
    not_started(p->id, CANNOT_PREPARE, error, "a process");
    p->id = 0;
    return;
  }
  for (int i = 0; i < 2; i++)
    if (p->out[i] >= 0) set_nonblocking(p->out[i]);
  if (p->in >= 0) set_nonblocking(p->in);
  set_nonblocking(p->start);
}

void process_start(uint32_t id, struct reader *r) {
  static bool any;
  struct request request = {.terminal = read_u8(r) != 0, .input = read_u8(r) != 0};
  request.rows = read_u16(r);
  request.columns = read_u16(r);
  request.user = read_string(r);
  request.directory = read_string(r);
  request.argv = read_list(r);
  request.env = read_list(r);
  struct process *p = NULL;
  for (struct process *free = processes; p == NULL && free < processes + MAX_PROCESSES; free++)
    if (free->id == 0) p = free;
  if (r->bad || !ready_for_processes || id == 0 || find(id) != NULL)
    not_started(id, CANNOT_PREPARE, EINVAL, "the request");
  else if (p == NULL)
    not_started(id, CANNOT_PREPARE, EAGAIN, "too many processes");
  else {
    memset(p, 0, sizeof *p);
    p->id = id;
    p->terminal = request.terminal;
    p->credit[0] = p->credit[1] = OUTPUT_WINDOW;
    if (request.terminal || request.input) p->input = malloc(INPUT_WINDOW);
    launch(p, &request, !any);
    any = true;
  }
  free(request.user);
  free(request.directory);
  free_list(request.argv);
  free_list(request.env);
}

/* What the child says of its start; true when it is known. */
static bool hear_start(struct process *p) {
  struct start_report said;
  struct iovec data = {&said, sizeof said};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
  } control;
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(p->start, &message, MSG_CMSG_CLOEXEC);
  if (n < 0) return errno != EAGAIN && errno != EINTR;
  struct cmsghdr *rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  if (rights != NULL && rights->cmsg_type == SCM_RIGHTS) {
    memcpy(&p->out[0], CMSG_DATA(rights), sizeof(int));
    set_nonblocking(p->out[0]);
    p->in = p->out[0];
    return false;
  }
  close_fd(&p->start);
  if (n == (ssize_t)sizeof said && said.failure != 0) {
    not_started(p->id, said.failure, said.error, "");
    /* Reaped like any other, in silence. */
    p->started = false;
    return true;
  }
  p->started = true;
  uint32_t pid = (uint32_t)p->pid;
  channel_send(STARTED, p->id, &pid, sizeof pid, NULL, 0);
  return true;
}

static void close_input(struct process *p) {
  if (!p->terminal) close_fd(&p->in);
  p->in = -1;
}

static void feed(struct process *p) {
  while (p->in >= 0 && p->input_length > 0) {
    size_t run = INPUT_WINDOW - p->input_start < p->input_length ? INPUT_WINDOW - p->input_start : p->input_length;
    ssize_t n = write(p->in, p->input + p->input_start, run);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
      /* Nobody reads it any more; what comes is thrown away. */
      n = (ssize_t)p->input_length;
      close_input(p);
    }
    p->input_start = (p->input_start + (size_t)n) % INPUT_WINDOW;
    p->input_length -= (size_t)n;
    uint32_t granted = (uint32_t)n;
    channel_send(GRANT_INPUT, p->id, &granted, sizeof granted, NULL, 0);
  }
  if (p->input_ended && p->input_length == 0) {
    if (p->terminal && p->in >= 0) {
      /* The end of a terminal's input is what its user types for it. */
      (void)!write(p->in, "\004", 1);
      p->input_ended = false;
    } else {
      close_input(p);
    }
  }
}

static void drain(struct process *p, int stream) {
  static uint8_t bytes[CHUNK];
  uint8_t number = (uint8_t)(stream + 1);
  while (p->out[stream] >= 0 && p->credit[stream] > 0 && !channel_full()) {
    ssize_t n = read(p->out[stream], bytes, p->credit[stream] < CHUNK ? p->credit[stream] : CHUNK);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && !p->reaped) return;
    if (n <= 0) {
      if (p->terminal) p->in = -1;
      close_fd(&p->out[stream]);
      channel_send(OUTPUT_END, p->id, &number, 1, NULL, 0);
      return;
    }
    p->credit[stream] -= (uint32_t)n;
    channel_send(OUTPUT, p->id, &number, 1, bytes, (size_t)n);
  }
}

/* The first number in a file, or the one after a word in it; 0 if there is none. */
static uint64_t number_in(const char *path, const char *word) {
  char text[4096] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return 0;
  const char *at = word != NULL ? strstr(text, word) : text;
  return at != NULL ? strtoull(at + (word != NULL ? strlen(word) : 0), NULL, 10) : 0;
}

static void finish(struct process *p) {
  if (p->started) {
    /* What it did is told before its end. */
    stream_send();
    uint32_t numbers[2] = {WIFEXITED(p->status) ? (uint32_t)WEXITSTATUS(p->status) : 0,
                           WIFSIGNALED(p->status) ? (uint32_t)WTERMSIG(p->status) : 0};
    uint8_t for_memory = number_in("/cgroup/sandbox/memory.events", "oom_kill ") > 0;
    channel_send(EXITED, p->id, numbers, sizeof numbers, &for_memory, 1);
  }
  close_fd(&p->start);
  close_input(p);
  for (int i = 0; i < 2; i++) close_fd(&p->out[i]);
  free(p->input);
  p->id = 0;
}

void processes_pump(void) {
  for (struct process *p = processes; p < processes + MAX_PROCESSES; p++) {
    if (p->id == 0) continue;
    if (p->start >= 0) hear_start(p);
    feed(p);
    /* Nothing is told of a process before its start is. */
    if (p->start >= 0) continue;
    drain(p, 0);
    drain(p, 1);
    if (p->reaped && p->out[0] < 0 && p->out[1] < 0) finish(p);
  }
}

void processes_reap(void) {
  pid_t pid;
  int status;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == first) give_up("the first process of the sandbox's namespaces died");
    for (struct process *p = processes; p < processes + MAX_PROCESSES; p++) {
      if (p->id == 0 || p->pid != pid) continue;
      p->reaped = true;
      p->status = status;
    }
  }
}

int processes_poll(struct pollfd *polls, int count) {
  for (struct process *p = processes; p < processes + MAX_PROCESSES; p++) {
    if (p->id == 0) continue;
    if (p->start >= 0) polls[count++] = (struct pollfd){p->start, POLLIN, 0};
    for (int i = 0; i < 2 && p->start < 0; i++)
      if (p->out[i] >= 0 && p->credit[i] > 0 && !channel_full()) polls[count++] = (struct pollfd){p->out[i], POLLIN, 0};
    if (p->in >= 0 && p->input_length > 0) polls[count++] = (struct pollfd){p->in, POLLOUT, 0};
  }
  return count;
}

void process_input(uint32_t id, const uint8_t *bytes, size_t length) {
  struct process *p = find(id);
  if (p == NULL || p->input == NULL) return;
  if (p->input_length + length > INPUT_WINDOW) give_up("the host sent more standard input than it may");
  for (size_t i = 0; i < length; i++) p->input[(p->input_start + p->input_length + i) % INPUT_WINDOW] = bytes[i];
  p->input_length += length;
  if (p->in < 0 && p->start < 0) {
    /* It reads no more: taken and thrown away, so that the host's writer goes on. */
    uint32_t granted = (uint32_t)p->input_length;
    p->input_length = 0;
    channel_send(GRANT_INPUT, p->id, &granted, sizeof granted, NULL, 0);
  }
}

void process_input_end(uint32_t id) {
  struct process *p = find(id);
  if (p != NULL) p->input_ended = true;
}

void process_signal(uint32_t id, uint32_t number) {
  struct process *p = find(id);
  if (p != NULL && !p->reaped && number >= 1 && number < NSIG) kill(p->pid, (int)number);
}

void process_resize(uint32_t id, uint16_t rows, uint16_t columns) {
  struct process *p = find(id);
  struct winsize size = {rows, columns, 0, 0};
  if (p != NULL && p->terminal && p->out[0] >= 0) ioctl(p->out[0], TIOCSWINSZ, &size);
}

void process_stop_output(uint32_t id, uint32_t stream) {
  struct process *p = find(id);
  uint8_t number = (uint8_t)stream;
  if (p == NULL || p->terminal || stream < 1 || stream > 2 || p->out[stream - 1] < 0) return;
  close_fd(&p->out[stream - 1]);
  channel_send(OUTPUT_END, p->id, &number, 1, NULL, 0);
}

void process_grant(uint32_t id, uint32_t stream, uint32_t bytes) {
  struct process *p = find(id);
  if (p == NULL || stream < 1 || stream > 2) return;
  if (bytes > OUTPUT_WINDOW - p->credit[stream - 1]) give_up("the host granted more than a window");
  p->credit[stream - 1] += bytes;
}

static int with_namespace(int (*action)(int pid_namespace)) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/pid", first);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = action(fd);
  close(fd);
  return error;
}

int processes_watch(void) { return with_namespace(watch_start); }

int processes_stream(bool on) { return on ? with_namespace(stream_calls) : stream_calls(-1); }

void send_statistics(void) {
  struct __attribute__((packed)) {
    uint64_t cpu_micros, memory, limit;
    uint32_t tasks;
    uint64_t switches;
  } numbers = {
      number_in("/cgroup/sandbox/cpu.stat", "usage_usec "),
      number_in("/cgroup/sandbox/memory.current", NULL),
      number_in("/proc/meminfo", "MemTotal:") * 1024,
      (uint32_t)number_in("/cgroup/sandbox/pids.current", NULL),
      number_in("/proc/stat", "ctxt "),
  };
  channel_send(STATISTICS, 0, &numbers, sizeof numbers, NULL, 0);
}
