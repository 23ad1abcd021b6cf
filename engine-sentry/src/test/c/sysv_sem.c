/* System V semaphores. */
#include <sys/ipc.h>
#include <sys/sem.h>

#include "show.h"

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
};

static int id;

static int op(int index, int change, int flags) {
  struct sembuf b = {index, change, flags};
  return semop(id, &b, 1);
}

static void show_values(const char *what) {
  unsigned short all[3];
  if (semctl(id, 0, GETALL, all) < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: %d %d %d\n", what, all[0], all[1], all[2]);
}

static void nothing(int signo) { (void)signo; }

/* Waits until so many wait for the semaphore. */
static void await_waiters(int index, int command, int count) {
  while (semctl(id, index, command) != count) sleep_ms(2);
}

static pid_t child_op(int index, int change, int flags) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit(op(index, change, flags) == 0 ? 0 : errno);
  return pid;
}

static void show_end(const char *what, pid_t pid) {
  int status;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
    printf("%s: %s\n", what, error_name(WEXITSTATUS(status)));
  else
    show_status(what, status);
}

int main(void) {
  struct semid_ds ds;
  unsigned short many[3] = {1, 2, 3};
  key_t key = 0x5e000000 | (getpid() & 0xffffff);
  SHOW(semget(IPC_PRIVATE, 0, 0600));
  SHOW(semget(IPC_PRIVATE, -1, 0600));
  SHOW(semget(key, 3, 0600));
  id = SHOW_OK(semget(key, 3, IPC_CREAT | IPC_EXCL | 0640));
  SHOW(semget(key, 3, IPC_CREAT | IPC_EXCL | 0640));
  HOLDS(semget(key, 0, 0) == id);
  HOLDS(semget(key, 3, IPC_CREAT) == id);
  SHOW(semget(key, 4, 0));
  show_values("new");
  SHOW(semctl(id, 0, IPC_STAT, &ds));
  printf("mode %o, %ld semaphores, otime %ld\n", ds.sem_perm.mode, (long)ds.sem_nsems, ds.sem_otime);
  HOLDS(ds.sem_perm.__key == key && ds.sem_perm.uid == geteuid() && ds.sem_perm.cuid == geteuid());
  SHOW(semctl(id, 1, SETVAL, 5));
  SHOW(semctl(id, 1, GETVAL));
  HOLDS(semctl(id, 1, GETPID) == getpid());
  SHOW(semctl(id, 2, GETPID));
  SHOW(semctl(id, 1, SETVAL, -1));
  SHOW(semctl(id, 1, SETVAL, 32768));
  SHOW(semctl(id, 1, SETVAL, 32767));
  SHOW(semctl(id, 3, SETVAL, 1));
  SHOW(semctl(id, -1, GETVAL));
  SHOW(semctl(id, 3, GETNCNT));
  SHOW(semctl(id, 0, 4711));
  SHOW(semctl(-1, 0, GETVAL));
  SHOW(semctl(id + 12345, 0, GETVAL));
  SHOW(semctl(id, 0, IPC_STAT, (void *)8));
  SHOW(semctl(id, 0, GETALL, (void *)8));
  SHOW(semctl(id, 0, SETALL, (void *)8));
  SHOW(semctl(id, 0, IPC_SET, (void *)8));
  SHOW(op(1, 1, 0));
  SHOW(semctl(id, 0, SETALL, many));
  show_values("set");
  many[1] = 40000;
  SHOW(semctl(id, 0, SETALL, many));

  SHOW(op(0, -1, 0));
  SHOW(op(0, -1, IPC_NOWAIT));
  SHOW(op(0, 0, IPC_NOWAIT));
  SHOW(op(1, 0, IPC_NOWAIT));
  SHOW(op(3, 1, 0));
  SHOW(semop(id, NULL, 0));
  SHOW(semop(id, NULL, 1));
  SHOW(semop(id, NULL, 501));
  SHOW(semop(-1, (struct sembuf *)many, 1));
  SHOW(semop(id + 12345, (struct sembuf *)many, 1));
  show_values("before all or nothing");
  struct sembuf both[2] = {{1, -1, 0}, {0, -1, IPC_NOWAIT}};
  SHOW(semop(id, both, 2));
  show_values("nothing");
  struct sembuf twice[3] = {{0, 2, 0}, {0, -1, 0}, {1, -2, 0}};
  SHOW(semop(id, twice, 3));
  show_values("one after the other");
  struct timespec short_time = {0, 10000000}, bad = {0, 1000000000}, negative = {-1, 0};
  SHOW(semtimedop(id, &(struct sembuf){1, -1, 0}, 1, &short_time));
  SHOW(semtimedop(id, &(struct sembuf){1, -1, 0}, 1, &bad));
  SHOW(semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &negative));
  SHOW(semtimedop(id, &(struct sembuf){1, -1, 0}, 1, (void *)8));
  SHOW(semtimedop(id, &(struct sembuf){0, -1, 0}, 1, &short_time));

  /* Waiting, in order. */
  pid_t a = child_op(0, -2, 0);
  await_waiters(0, GETNCNT, 1);
  pid_t b = child_op(0, -1, 0);
  await_waiters(0, GETNCNT, 2);
  pid_t zero = child_op(2, 0, 0);
  await_waiters(2, GETZCNT, 1);
  SHOW(semctl(id, 0, GETZCNT));
  SHOW(semctl(id, 2, GETNCNT));
  SHOW(op(0, 1, 0));
  show_end("the one that needs less goes first", b);
  SHOW(op(0, 2, 0));
  show_end("the other", a);
  show_values("after both");
  SHOW(op(2, -3, 0));
  show_end("zero", zero);
  HOLDS(semctl(id, 2, GETPID) == zero || semctl(id, 2, GETPID) == getpid());

  /* A complex operation waits for its first impossible part. */
  fflush(stdout);
  pid_t complex = fork();
  if (complex == 0) {
    struct sembuf ops[2] = {{0, -1, 0}, {1, -1, 0}};
    _exit(semop(id, ops, 2) == 0 ? 0 : errno);
  }
  await_waiters(0, GETNCNT, 1);
  SHOW(semctl(id, 1, GETNCNT));
  SHOW(op(0, 1, 0));
  await_waiters(1, GETNCNT, 1);
  SHOW(semctl(id, 0, GETNCNT));
  show_values("untouched");
  SHOW(semctl(id, 1, SETVAL, 1));
  show_end("complex", complex);
  show_values("both taken");

  /* Undo. */
  a = child_op(0, 3, SEM_UNDO);
  show_end("adds and undoes", a);
  show_values("undone");
  SHOW(semctl(id, 1, SETVAL, 2));
  a = child_op(1, -2, SEM_UNDO);
  show_end("takes and gives back", a);
  show_values("given back");
  fflush(stdout);
  a = fork();
  if (a == 0) {
    op(1, -1, SEM_UNDO);
    semctl(id, 1, SETVAL, 7); /* forgets what was to be undone */
    _exit(0);
  }
  show_end("set meanwhile", a);
  show_values("stays");
  a = child_op(0, 32767, SEM_UNDO);
  show_end("as much as can be undone", a);
  fflush(stdout);
  a = fork();
  if (a == 0) {
    op(0, 1, SEM_UNDO);
    execl("/bin/true", "true", NULL);
    _exit(1);
  }
  show_end("undo survives exec, not the end", a);
  show_values("undone again");

  /* Signals and removal. */
  struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, NULL);
  SHOW(semctl(id, 0, SETVAL, 0));
  a = child_op(0, -1, 0);
  await_waiters(0, GETNCNT, 1);
  kill(a, SIGUSR1);
  show_end("a signal ends it, whatever SA_RESTART says", a);
  SHOW(semctl(id, 0, GETNCNT));
  a = child_op(0, -1, SEM_UNDO);
  await_waiters(0, GETNCNT, 1);
  ds.sem_perm.mode = 0600;
  ds.sem_perm.uid = geteuid();
  ds.sem_perm.gid = getegid();
  SHOW(semctl(id, 0, IPC_SET, &ds));
  SHOW(semctl(id, 0, IPC_STAT, &ds));
  printf("mode %o\n", ds.sem_perm.mode);
  HOLDS(ds.sem_otime != 0);
  int stale = id;
  SHOW(semctl(id, 0, IPC_RMID));
  show_end("removed", a);
  SHOW(semctl(stale, 0, IPC_RMID));
  SHOW(op(0, 1, 0));
  SHOW(semget(key, 3, 0));
  return 0;
}
