/* Capabilities of files and the ambient set, over execve. needs: root */
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "show.h"

static char path[128];

/* Printed by the program that was run: which of the two capabilities it has. */
static void show_caps(void) {
  char line[256];
  unsigned long value;
  FILE *f = fopen("/proc/self/status", "r");
  while (f && fgets(line, sizeof line, f)) {
    char name[8];
    if (sscanf(line, "Cap%3[A-Za-z]: %lx", name, &value) == 2 && strcmp(name, "Bnd") != 0)
      printf("%s chown %lu bind %lu others %s\n", name, value & 1, value >> CAP_NET_BIND_SERVICE & 1,
             value & ~(1UL | 1UL << CAP_NET_BIND_SERVICE) ? "yes" : "no");
  }
  if (f) fclose(f);
  printf("secure %ld\n", (long)(getauxval(23) != 0));
}

static void run(const char *what, int uid) {
  printf("-- %s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    if (uid != 0) NEED(setgid(uid) == 0 && setuid(uid) == 0);
    execl(path, path, "show", (char *)0);
    printf("execve: %s\n", error_name(errno));
    fflush(stdout);
    _exit(1);
  }
  wait(0);
}

static void set(unsigned revision, unsigned permitted, unsigned inheritable) {
  struct vfs_cap_data data = {revision, {{permitted, inheritable}, {0, 0}}};
  SHOW(setxattr(path, "security.capability", &data, sizeof data, 0));
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show_caps();
    return 0;
  }
  /* Not in TMPDIR, which may be mounted nosuid. */
  snprintf(path, sizeof path, "/usr/local/filecaps-%d", getpid());
  int in = open("/proc/self/exe", O_RDONLY), out = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
  NEED(in >= 0 && out >= 0);
  char block[65536];
  for (ssize_t n; (n = read(in, block, sizeof block)) > 0;) NEED(write(out, block, n) == n);
  close(out);
  NEED(chmod(path, 0755) == 0);
  const unsigned chown_bit = 1, bind_bit = 1 << CAP_NET_BIND_SERVICE;
  run("none", 65534);
  set(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, bind_bit, 0);
  run("permitted and effective", 65534);
  set(VFS_CAP_REVISION_2, bind_bit, 0);
  run("permitted only", 65534);
  set(VFS_CAP_REVISION_2, 0, chown_bit);
  run("inheritable, but the task has none", 65534);
  set(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, 1u << CAP_SYS_BOOT, 0);
  prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0);
  run("not in the bounding set", 65534);
  prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
  set(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, bind_bit, 0);
  if (fork() == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    run("no new privileges", 65534);
    _exit(0);
  }
  wait(0);
  SHOW(removexattr(path, "security.capability"));
  run("removed", 65534);
  chmod(path, 04755);
  set(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE, chown_bit, 0);
  run("set-user-id root with capabilities", 65534);
  SHOW_OK(unlink(path));
  return 0;
}
