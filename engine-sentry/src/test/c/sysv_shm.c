/* System V shared memory. */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "show.h"

static int id;

static void show_state(const char *what) {
  struct shmid_ds ds;
  if (shmctl(id, IPC_STAT, &ds) < 0)
    printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: size %zu, mode %o, %ld attached\n", what, ds.shm_segsz, ds.shm_perm.mode,
           (long)ds.shm_nattch);
}

static char *show_at(const char *what, const void *address, int flags) {
  char *p = shmat(id, address, flags);
  if (p == (void *)-1)
    printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: ok\n", what);
  return p;
}

int main(void) {
  struct shmid_ds ds;
  int status;
  key_t key = 0x73000000 | (getpid() & 0xffffff);
  SHOW(shmget(IPC_PRIVATE, 0, 0600));
  SHOW(shmget(key, 100, 0600));
  id = SHOW_OK(shmget(key, 10000, IPC_CREAT | 0600));
  SHOW(shmget(key, 100, IPC_CREAT | IPC_EXCL));
  SHOW(shmget(key, 10001, 0));
  HOLDS(shmget(key, 10000, 0) == id);
  HOLDS(shmget(key, 0, 0) == id);
  show_state("new");
  SHOW(shmctl(id, IPC_STAT, &ds));
  HOLDS(ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_atime == 0);
  char *a = show_at("first", NULL, 0);
  HOLDS(((uintptr_t)a & 4095) == 0);
  HOLDS(a[0] == 0 && a[9999] == 0 && a[12287] == 0);
  strcpy(a, "hello");
  show_state("attached");
  char *r = show_at("read only", NULL, SHM_RDONLY);
  HOLDS(strcmp(r, "hello") == 0);
  SHOW(mprotect(r, 4096, PROT_READ | PROT_WRITE));
  show_state("twice");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    show_state("in the child");
    strcpy(a + 5000, "child");
    SHOW(shmdt(a));
    show_state("one less");
    _exit(0);
  }
  waitpid(pid, &status, 0);
  HOLDS(strcmp(r + 5000, "child") == 0);
  show_state("child gone");
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    r[0] = 'x';
    _exit(0);
  }
  waitpid(pid, &status, 0);
  show_status("writes to read-only memory", status);

  show_at("a bad address", (void *)(uintptr_t)12345, 0);
  show_at("remap nowhere", NULL, SHM_REMAP);
  show_at("where something is", a, 0);
  HOLDS(show_at("rounded down over it", r + 7, SHM_RND | SHM_REMAP) == r);
  r[100] = 'w';
  HOLDS(a[100] == 'w');
  show_state("remapped");
  char *hole = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(hole, 65536);
  HOLDS(show_at("at a chosen place", hole + 4096, 0) == hole + 4096);
  SHOW(shmdt(hole));
  SHOW(shmdt(hole + 4097));
  SHOW(shmdt(hole + 4096));
  SHOW(shmdt(hole + 4096));

  /* A hole in an attachment. */
  SHOW(munmap(r + 4096, 4096));
  show_state("in two parts");
  SHOW(shmdt(r));
  show_state("both parts gone");
  HOLDS(msync(r + 8192, 4096, MS_ASYNC) == -1 && errno == ENOMEM);

  SHOW(shmat(-1, NULL, 0) == (void *)-1);
  id += 12345;
  show_at("no such", NULL, 0);
  id -= 12345;
  SHOW(shmctl(id, IPC_STAT, (void *)8));
  SHOW(shmctl(id, IPC_SET, (void *)8));
  SHOW(shmctl(id, 4711, &ds));
  SHOW(shmctl(-1, IPC_STAT, &ds));
  shmctl(id, IPC_STAT, &ds);
  HOLDS(ds.shm_lpid == getpid() && ds.shm_atime != 0 && ds.shm_dtime != 0);
  ds.shm_perm.mode = 0640;
  SHOW(shmctl(id, IPC_SET, &ds));
  show_state("changed");
  SHOW(shmctl(id, SHM_LOCK, NULL));
  show_state("locked");
  SHOW(shmctl(id, SHM_UNLOCK, NULL));

  /* Removed, but there until the last one lets go. */
  SHOW(shmctl(id, IPC_RMID, NULL));
  show_state("removed");
  SHOW(shmget(key, 100, 0));
  HOLDS(strcmp(a, "hello") == 0);
  char *late = show_at("attached late", NULL, 0);
  HOLDS(strcmp(late, "hello") == 0);
  fflush(stdout);
  pid = fork();
  if (pid == 0) _exit(a[0] == 'h' ? 0 : 1);
  waitpid(pid, &status, 0);
  show_status("child sees it", status);
  SHOW(shmdt(late));
  SHOW(shmdt(a));
  show_state("gone");
  SHOW(shmctl(id, IPC_RMID, NULL));

  /* exec lets go of it. */
  id = shmget(IPC_PRIVATE, 4096, 0600);
  a = shmat(id, NULL, 0);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    execl("/bin/true", "true", NULL);
    _exit(1);
  }
  waitpid(pid, &status, 0);
  show_state("after a child's exec");
  SHOW(shmdt(a));
  show_state("nobody");
  SHOW(shmctl(id, IPC_RMID, NULL));
  show_state("gone");
  return 0;
}
