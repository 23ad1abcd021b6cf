/* System V message queues. */
#include <sys/ipc.h>
#include <sys/msg.h>

#include "show.h"

static int id;
static struct {
  long type;
  char text[9000];
} m;

static int send(long type, const char *text, int flags) {
  m.type = type;
  strcpy(m.text, text);
  return msgsnd(id, &m, strlen(text), flags);
}

static void receive(const char *what, size_t size, long type, int flags) {
  memset(&m, 'x', sizeof m);
  errno = 0;
  ssize_t n = msgrcv(id, &m, size, type, flags);
  if (n < 0)
    printf("%s: %s\n", what, error_name(errno));
  else
    printf("%s: %zd, type %ld, \"%.*s\"\n", what, n, m.type, (int)n, m.text);
}

static void nothing(int signo) { (void)signo; }

static long queued(void) {
  struct msqid_ds ds;
  msgctl(id, IPC_STAT, &ds);
  return ds.msg_qnum;
}

/* Time for another to come to its call, and then until it waits in it. */
static void until_asleep(pid_t pid) {
  char path[64], state = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  for (int i = 0; i < 200 && state != 'S'; i++) {
    sleep_ms(30);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%*d (%*[^)]) %c", &state) != 1) state = 0;
    if (f != NULL) fclose(f);
  }
}

int main(void) {
  struct msqid_ds ds;
  key_t key = 0x6d000000 | (getpid() & 0xffffff);
  SHOW(msgget(key, 0600));
  id = SHOW_OK(msgget(key, IPC_CREAT | 0600));
  SHOW(msgget(key, IPC_CREAT | IPC_EXCL | 0600));
  HOLDS(msgget(key, 0) == id);
  SHOW(msgctl(id, IPC_STAT, &ds));
  printf("mode %o, %ld messages, %ld bytes, at most %ld\n", ds.msg_perm.mode, (long)ds.msg_qnum,
         (long)ds.__msg_cbytes, (long)ds.msg_qbytes);
  HOLDS(ds.msg_stime == 0 && ds.msg_rtime == 0 && ds.msg_lspid == 0);
  SHOW(send(1, "one", 0));
  SHOW(send(3, "three", 0));
  SHOW(send(2, "two", 0));
  SHOW(send(3, "again three", 0));
  SHOW(send(7, "", 0));
  SHOW(send(0, "bad", 0));
  SHOW(send(-1, "bad", 0));
  SHOW(msgsnd(id, &m, 8193, 0));
  SHOW(msgsnd(id, &m, -1, 0));
  SHOW(msgsnd(-1, &m, 1, 0));
  SHOW(msgsnd(id + 12345, (m.type = 1, &m), 1, 0));
  SHOW(msgsnd(id, NULL, 1, 0));
  SHOW(msgctl(id, IPC_STAT, &ds));
  printf("%ld messages, %ld bytes\n", (long)ds.msg_qnum, (long)ds.__msg_cbytes);
  HOLDS(ds.msg_lspid == getpid() && ds.msg_stime != 0);
  receive("none of type 9", 100, 9, IPC_NOWAIT);
  receive("too long", 2, 3, 0);
  receive("cut", 2, 3, MSG_NOERROR);
  receive("lowest up to 2", 100, -2, 0);
  receive("lowest up to 3", 100, -3, 0);
  receive("copy of the first", 100, 0, MSG_COPY | IPC_NOWAIT);
  receive("copy of the second", 100, 1, MSG_COPY | IPC_NOWAIT);
  receive("copy of none", 100, 5, MSG_COPY | IPC_NOWAIT);
  receive("copy must not wait", 100, 0, MSG_COPY);
  receive("copy and except", 100, 0, MSG_COPY | IPC_NOWAIT | MSG_EXCEPT);
  receive("not 3", 100, 3, MSG_EXCEPT);
  receive("any", 100, 0, 0);
  receive("empty", 100, 0, IPC_NOWAIT);
  receive("negative size", -1, 0, IPC_NOWAIT);
  SHOW(msgrcv(-1, &m, 1, 0, IPC_NOWAIT));
  SHOW(msgrcv(id + 12345, &m, 1, 0, IPC_NOWAIT));
  SHOW(send(1, "lost", 0));
  SHOW(msgrcv(id, NULL, 100, 0, 0));
  HOLDS(queued() == 0);

  /* Full. */
  memset(m.text, 'f', sizeof m.text);
  m.type = 1;
  SHOW(msgsnd(id, &m, 8192, IPC_NOWAIT));
  SHOW(msgsnd(id, &m, 8192, IPC_NOWAIT));
  SHOW(msgsnd(id, &m, 1, IPC_NOWAIT));
  SHOW(msgsnd(id, &m, 0, IPC_NOWAIT));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit(send(5, "from the child", 0) == 0 ? 0 : errno);
  until_asleep(pid);
  HOLDS(msgrcv(id, &m, 8192, 1, 0) == 8192);
  int status;
  waitpid(pid, &status, 0);
  show_status("sender that waited", status);
  HOLDS(msgrcv(id, &m, 8192, 1, 0) == 8192);
  receive("empty message", 10, 1, 0);
  receive("the child's", 100, 0, 0);

  /* Receivers wait, each for its own. */
  fflush(stdout);
  pid_t five = fork();
  if (five == 0) {
    receive("five", 100, 5, 0);
    _exit(0);
  }
  SHOW(send(4, "four", 0));
  /* Said after the child has said what it got. */
  long sent = send(5, "five", 0);
  waitpid(five, &status, 0);
  printf("sent five: %ld\n", sent);
  receive("four", 100, 0, 0);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    receive("handed over though too long", 2, 0, 0);
    _exit(0);
  }
  until_asleep(pid);
  sent = send(1, "long", 0);
  waitpid(pid, &status, 0);
  printf("sent long: %ld\n", sent);
  receive("left", 100, 0, 0);

  SHOW(msgctl(id, IPC_STAT, &ds));
  ds.msg_qbytes = 10;
  ds.msg_perm.mode = 0640;
  SHOW(msgctl(id, IPC_SET, &ds));
  SHOW(send(1, "12345678901", IPC_NOWAIT));
  SHOW(send(1, "1234567890", IPC_NOWAIT));
  SHOW(msgctl(id, IPC_STAT, &ds));
  printf("mode %o, at most %ld\n", ds.msg_perm.mode, (long)ds.msg_qbytes);
  SHOW(msgctl(id, IPC_STAT, (void *)8));
  SHOW(msgctl(id, IPC_SET, (void *)8));
  SHOW(msgctl(id, 4711, &ds));
  SHOW(msgctl(id + 12345, IPC_STAT, &ds));

  struct sigaction sa = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, NULL);
  fflush(stdout);
  pid = fork();
  if (pid == 0) {
    receive("interrupted", 100, 9, 0);
    receive("removed", 100, 9, 0);
    _exit(0);
  }
  until_asleep(pid);
  kill(pid, SIGUSR1);
  until_asleep(pid);
  long removed = msgctl(id, IPC_RMID, NULL);
  waitpid(pid, &status, 0);
  printf("removed: %ld\n", removed);
  SHOW(msgctl(id, IPC_RMID, NULL));
  SHOW(msgget(key, 0));
  return 0;
}
