/* Record locks: a circle of processes that would wait for each other is refused, and those of open files are not looked at. */
#include <sys/file.h>

#include "show.h"

static int lock(int fd, int command, int type, off_t at) {
  struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
  return fcntl(fd, command, &l);
}

/* Each of some processes has one byte and wants the next one's: the last to ask is refused, whoever it is. */
static void circle(int processes) {
  int ready[2], go[2];
  NEED(pipe(ready) == 0 && pipe(go) == 0);
  fflush(stdout);
  for (int i = 0; i < processes; i++) {
    if (fork() == 0) {
      char byte;
      int fd = open("file", O_RDWR);
      lock(fd, F_SETLK, F_WRLCK, i);
      write(ready[1], "x", 1);
      read(go[0], &byte, 1);
      int rc = lock(fd, F_SETLKW, F_WRLCK, (i + 1) % processes);
      /* Whoever is refused lets the others go on. */
      _exit(rc == 0 ? 0 : errno == EDEADLK ? 1 : 2);
    }
  }
  char all[16];
  for (int n = 0; n < processes; n++) read(ready[0], all, 1);
  write(go[1], all, (size_t)processes);
  int counts[3] = {0}, status;
  while (wait(&status) > 0)
    if (WIFEXITED(status)) counts[WEXITSTATUS(status)]++;
  printf("of %d processes in a circle %d are refused, %d get their lock\n", processes, counts[1], counts[0]);
  close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

/* A process that only waits for another is in no circle. */
static void chain(void) {
  int ready[2];
  NEED(pipe(ready) == 0);
  int fd = open("file", O_RDWR);
  SHOW(lock(fd, F_SETLK, F_WRLCK, 0));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int own = open("file", O_RDWR);
    write(ready[1], "x", 1);
    _exit(lock(own, F_SETLKW, F_WRLCK, 0) == 0 ? 0 : errno);
  }
  char byte;
  read(ready[0], &byte, 1);
  SHOW(lock(fd, F_SETLKW, F_WRLCK, 1));
  SHOW(lock(fd, F_SETLK, F_UNLCK, 0));
  int status;
  waitpid(child, &status, 0);
  show_status("who waited", status);
  close(fd);
}

int main(void) {
  enter_work_directory();
  put_file("file", "bytes to lock");
  circle(2);
  circle(3);
  circle(5);
  chain();
  return 0;
}
