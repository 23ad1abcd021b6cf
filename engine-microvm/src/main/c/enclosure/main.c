/*
 * enclosure [any] RULE... -- PROGRAM ARGUMENT...: runs a monitor of virtual machines with nothing of the host's around it.
 *
 * A rule is a letter and a path: r may be read, w may be read and written; in a directory with w sockets and files are made; s is not
 * seen, but open to be read at the descriptor STATE. Besides
 * these it has what programs are made of (/usr, /lib, ...), read-only, and a few devices. The walls, in this order: own user, mount,
 * network, IPC and UTS namespaces; a root of nothing but what the rules say; no capabilities, no new privileges; it goes when its
 * parent goes; Landlock. It keeps its process id, so whoever started it can wait for it and kill it.
 *
 * What the host refuses is said on the standard error output, on one line. If it has neither mount namespaces nor Landlock, nothing
 * keeps the monitor from the host's files, and it is not started, unless "any" is the first word.
 *
 * enclosure nest PROGRAM ARGUMENT...: runs the process beside a virtual machine so that it can leave the host's namespaces once it
 * is ready (engine-sentry's world.c). Only who may do that anyway, or is the first in a user namespace, can; and a process with threads,
 * as a JVM is, cannot make one. Where there can be none, the program runs all the same, and finds out.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFER (1ULL << 13)
#define TRUNCATE (1ULL << 14)
#define IOCTL_DEV (1ULL << 15)
#define EVERYTHING ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | IOCTL_DEV)

enum { MAX_RULES = 128, STATE = 9 };

static struct rule {
  char kind; /* r, w; x: programs and libraries; d: a device */
  const char *path;
  int tree;
} rules[MAX_RULES];
static int rule_count;
static char missing[256];

static void die(const char *what, const char *where) {
  fprintf(stderr, "cannot enclose the virtual machine: %s: %s: %s\n", what, where, strerror(errno));
  exit(125);
}

static void lacks(const char *wall) {
  size_t n = strlen(missing);
  snprintf(missing + n, sizeof missing - n, "%s%s", n ? ", " : "", wall);
}

static void add(char kind, const char *path) {
  if (rule_count == MAX_RULES) {
    errno = E2BIG;
    die("too many files", path);
  }
  rules[rule_count++] = (struct rule){kind, path, -1};
}

static void pass(const char *path) {
  int fd = open(path, O_RDONLY);

  if (fd < 0 || (fd != STATE && (dup2(fd, STATE) < 0 || close(fd) != 0)))
    die("cannot open", path);
}

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0)
    close(fd);
  return done;
}

/* Only its own id exists inside, and means there what it means outside. */
static bool new_user_namespace(void) {
  char line[64];
  uid_t uid = geteuid();
  gid_t gid = getegid();

  if (unshare(CLONE_NEWUSER) != 0)
    return false;
  snprintf(line, sizeof line, "%u %u 1\n", uid, uid);
  if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", line))
    die("cannot map ids", "/proc/self/uid_map");
  snprintf(line, sizeof line, "%u %u 1\n", gid, gid);
  if (!write_file("/proc/self/gid_map", line))
    die("cannot map ids", "/proc/self/gid_map");
  return true;
}

static void make_parents(const char *path) {
  char part[PATH_MAX];

  if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
    die("name too long", path);
  for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(part, 0755) != 0 && errno != EEXIST)
      die("cannot make a mount point", part);
    *slash = '/';
  }
}

/* One tree of the host's, at its own place below the new root, which is at /tmp until it is the root. */
static void put(struct rule *rule) {
  char path[PATH_MAX], target[PATH_MAX];
  struct stat st;

  if (rule->tree < 0)
    return;
  if ((size_t)snprintf(path, sizeof path, "/tmp%s", rule->path) >= sizeof path)
    die("name too long", rule->path);
  if (fstatat(rule->tree, "", &st, AT_EMPTY_PATH) != 0)
    die("cannot look at", rule->path);
  make_parents(path);
  if (S_ISLNK(st.st_mode)) {
    /* Such as /lib, which leads into /usr. */
    ssize_t n = readlinkat(rule->tree, "", target, sizeof target - 1);
    if (n < 0)
      die("cannot read a link", rule->path);
    target[n] = 0;
    if (symlink(target, path) != 0 && errno != EEXIST)
      die("cannot make a link", rule->path);
  } else {
    bool directory = S_ISDIR(st.st_mode);
    if ((directory ? mkdir(path, 0755) : mknod(path, S_IFREG | 0444, 0)) != 0 && errno != EEXIST)
      die("cannot make a mount point", rule->path);
    if (syscall(SYS_move_mount, rule->tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
      die("cannot mount", rule->path);
  }
  close(rule->tree);
}

static void take(struct rule *rule) {
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID};
  struct stat st;

  if (lstat(rule->path, &st) != 0)
    return;
  if (S_ISLNK(st.st_mode) && rule->kind == 'x') {
    rule->tree = open(rule->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return;
  }
  rule->tree = (int)syscall(SYS_open_tree, AT_FDCWD, rule->path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (rule->tree < 0)
    die("cannot open", rule->path);
  if (rule->kind != 'd')
    attr.attr_set |= MOUNT_ATTR_NODEV;
  if (rule->kind == 'r' || rule->kind == 'x')
    attr.attr_set |= MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, rule->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0)
    die("cannot make a mount read-only", rule->path);
}

static bool new_root(void) {
  if (unshare(CLONE_NEWNS) != 0)
    return false;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    die("cannot make mounts private", "/");
  for (int i = 0; i < rule_count; i++)
    take(&rules[i]);
  if (mount("enclosure", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=256k,mode=0755") != 0)
    die("cannot mount a root", "/tmp");
  for (int i = 0; i < rule_count; i++)
    put(&rules[i]);
  if (mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0 || chdir("/tmp") != 0 ||
      syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    die("cannot change the root", "pivot_root");
  return true;
}

static void drop_privileges(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[2] = {0};
  struct rlimit no_core = {0, 0};

  for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  setrlimit(RLIMIT_CORE, &no_core);
  if (syscall(SYS_capset, &header, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    die("cannot give up privileges", "capset");
}

static bool restrict_paths(void) {
  struct {
    uint64_t fs, net, scoped;
  } attr = {.fs = EVERYTHING};
  size_t size = sizeof attr.fs;
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (abi < 0)
    return false;
  if (abi >= 2)
    attr.fs |= REFER;
  if (abi >= 3)
    attr.fs |= TRUNCATE;
  if (abi >= 4) {
    attr.net = 3; /* no TCP, neither bound nor connected */
    size = 2 * sizeof attr.fs;
  }
  if (abi >= 5)
    attr.fs |= IOCTL_DEV;
  if (abi >= 6) {
    attr.scoped = 3; /* no abstract sockets and no signals outside */
    size = sizeof attr;
  }
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
  if (ruleset < 0)
    return false;
  for (int i = 0; i < rule_count; i++) {
    struct landlock_path_beneath_attr rule = {.parent_fd = open(rules[i].path, O_PATH | O_CLOEXEC)};
    struct stat st;

    if (rule.parent_fd < 0)
      continue;
    switch (rules[i].kind) {
    case 'x':
      rule.allowed_access = READING | LANDLOCK_ACCESS_FS_EXECUTE;
      break;
    case 'w':
      rule.allowed_access = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_MAKE_SOCK;
      break;
    case 'd':
      rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | IOCTL_DEV;
      break;
    default:
      rule.allowed_access = READING;
    }
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
      rule.allowed_access &= OF_FILES;
    rule.allowed_access &= attr.fs;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
      die("cannot make a rule", rules[i].path);
    close(rule.parent_fd);
  }
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    return false;
  close(ruleset);
  return true;
}

/* Where the program is; what its folder's neighbours hold it may need as well, if it is not where programs usually are. */
static const char *find(const char *name) {
  static char found[PATH_MAX];
  char path[PATH_MAX], *all = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");

  if (strchr(name, '/'))
    return realpath(name, found);
  for (char *place = strtok(all, ":"); place; place = strtok(NULL, ":"))
    if ((size_t)snprintf(path, sizeof path, "%s/%s", place, name) < sizeof path && access(path, X_OK) == 0)
      return realpath(path, found);
  errno = ENOENT;
  return NULL;
}

static void add_programs(const char *program) {
  static const char *const places[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu", "/etc/ld.so.cache", "/etc/alternatives"};
  static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/kvm"};
  static char folder[PATH_MAX];
  bool usual = false;

  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
    size_t n = strlen(places[i]);
    usual |= strncmp(program, places[i], n) == 0 && program[n] == '/';
    if (access(places[i], F_OK) == 0)
      add('x', places[i]);
  }
  if (!usual) {
    snprintf(folder, sizeof folder, "%s", program);
    for (int up = 0; up < 2 && strrchr(folder, '/') > folder; up++)
      *strrchr(folder, '/') = 0;
    add('x', folder);
  }
  for (unsigned i = 0; i < sizeof devices / sizeof devices[0]; i++)
    if (access(devices[i], F_OK) == 0)
      add('d', devices[i]);
}

static void nest(char **command) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct has[2] = {0};
  const uint32_t wanted = 1U << CAP_SYS_ADMIN | 1U << CAP_SYS_CHROOT;

  if (syscall(SYS_capget, &header, has) == 0 && (has[0].effective & wanted) != wanted && new_user_namespace() &&
      syscall(SYS_capget, &header, has) == 0) {
    has[0].inheritable |= wanted;
    if (syscall(SYS_capset, &header, has) == 0) {
      prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
      prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_CHROOT, 0, 0);
    }
  }
  execvp(command[0], command);
  fprintf(stderr, "viv: cannot start: %s: %s\n", command[0], strerror(errno));
  exit(125);
}

int main(int argc, char **argv) {
  int at = 1;
  if (argc > 2 && strcmp(argv[1], "nest") == 0)
    nest(argv + 2);
  bool any = at < argc && strcmp(argv[at], "any") == 0, rooted = false;
  pid_t parent = getppid();

  at += any;
  int first = at;
  while (at < argc && strcmp(argv[at], "--") != 0)
    at++;
  if (at + 1 >= argc)
    return 2;
  const char *program = find(argv[at + 1]);
  if (!program)
    die("no such program", argv[at + 1]);
  add_programs(program);
  for (int i = first; i < at; i++) {
    if (!argv[i][0] || !strchr("rws", argv[i][0]) || argv[i][1] != '/')
      return 2;
    if (argv[i][0] == 's')
      pass(argv[i] + 1);
    else
      add(argv[i][0], argv[i] + 1);
  }

  umask(0077);
  if (geteuid() == 0)
    setgroups(0, NULL);
  if (new_user_namespace() || geteuid() == 0) {
    rooted = new_root();
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
      lacks("namespaces of its own");
  } else
    lacks("namespaces of its own");
  drop_privileges();
  /* After what changes its credentials, which would take this away again. */
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
    return 125;
  bool listed = restrict_paths();
  if (!listed)
    lacks("Landlock");
  if (!rooted)
    lacks("an empty root");
  if (*missing)
    fprintf(stderr, "the host does not give the virtual machine: %s\n", missing);
  if (!rooted && !listed && !any)
    return 125;
  execv(program, argv + at + 1);
  die("cannot run", program);
}
