/* Descriptors: dup, fcntl, limits, locks, what survives exec. */
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "show.h"

int main(int argc, char **argv) {
  if (argc > 1) {
    for (int i = 10; i < 16; i++) printf("%d:%s ", i, fcntl(i, F_GETFD) >= 0 ? "open" : "closed");
    puts("");
    return 0;
  }
  enter_work_directory();
  put_file("f", "hello");
  for (int i = 3; i < 64; i++) close(i);
  int fd = open("f", O_RDWR);
  printf("lowest %d\n", fd);
  SHOW(dup(fd));
  SHOW(dup2(fd, 10));
  SHOW(dup2(fd, fd));
  SHOW(dup2(99, 10));
  SHOW(dup2(99, 99));
  SHOW(dup2(fd, -1));
  SHOW(dup3(fd, 11, O_CLOEXEC));
  SHOW(dup3(fd, fd, 0));
  SHOW(dup3(fd, 12, 0x40));
  SHOW(fcntl(fd, F_DUPFD, 12));
  SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 12));
  SHOW(fcntl(fd, F_DUPFD, -1));
  SHOW(fcntl(11, F_GETFD));
  SHOW(fcntl(12, F_GETFD));
  SHOW(fcntl(13, F_GETFD));
  SHOW(fcntl(12, F_SETFD, FD_CLOEXEC));
  SHOW(fcntl(13, F_SETFD, 0));
  SHOW(fcntl(99, F_GETFD));
  SHOW(fcntl(fd, 9999));
  SHOW(ioctl(fd, FIOCLEX));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(ioctl(fd, FIONCLEX));
  SHOW(fcntl(fd, F_GETFD));
  SHOW(ioctl(fd, TIOCGWINSZ, 0));
  int n;
  SHOW(ioctl(fd, FIONREAD, &n));
  printf("%d\n", n);
  SHOW(isatty(fd));
  puts(error_name(errno));

  /* Flags belong to the open file, close-on-exec to the descriptor. */
  SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
  HOLDS((fcntl(10, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
  SHOW(fcntl(fd, F_SETFL, O_WRONLY));
  HOLDS((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);

  pid_t pid = fork();
  if (pid == 0) {
    execl("/proc/self/exe", argv[0], "child", NULL);
    _exit(1);
  }
  waitpid(pid, NULL, 0);

  struct rlimit limit, low = {20, 64};
  getrlimit(RLIMIT_NOFILE, &limit);
  low.rlim_max = limit.rlim_max;
  SHOW(setrlimit(RLIMIT_NOFILE, &low));
  SHOW(dup2(fd, 20));
  SHOW(fcntl(fd, F_DUPFD, 20));
  int count = 0;
  while (dup(fd) >= 0) count++;
  printf("%s after the limit\n", error_name(errno));
  SHOW_OK(open("f", O_RDONLY));
  int p[2];
  SHOW(pipe(p));
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = 5; i < 64; i++) close(i);
  SHOW(syscall(SYS_close_range, 30, 40, 0));
  SHOW(dup2(fd, 33));
  SHOW(syscall(SYS_close_range, 30, 40, 0));
  SHOW(fcntl(33, F_GETFD));
  SHOW(syscall(SYS_close_range, 40, 30, 0));
  dup2(fd, 34);
  SHOW(syscall(SYS_close_range, 34, 34, 4 /* CLOEXEC */));
  SHOW(fcntl(34, F_GETFD));

  /* flock belongs to the open file; record locks belong to the process. */
  int other = open("f", O_RDWR);
  SHOW(flock(fd, LOCK_EX));
  SHOW(flock(other, LOCK_EX | LOCK_NB));
  SHOW(flock(other, LOCK_SH | LOCK_NB));
  SHOW(flock(fd, LOCK_UN));
  SHOW(flock(other, LOCK_SH | LOCK_NB));
  SHOW(flock(fd, LOCK_SH | LOCK_NB));
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  close(other);
  SHOW(flock(fd, LOCK_EX | LOCK_NB));
  SHOW(flock(fd, LOCK_UN));
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
  SHOW(fcntl(fd, F_SETLK, &lock));
  fflush(stdout);
  if (fork() == 0) {
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    SHOW(fcntl(fd, F_SETLK, &l));
    SHOW(fcntl(fd, F_GETLK, &l));
    printf("type %d start %ld len %ld ours %d\n", l.l_type, (long)l.l_start, (long)l.l_len,
           l.l_pid == getppid());
    l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 2};
    SHOW(fcntl(fd, F_SETLK, &l));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  lock.l_type = F_UNLCK;
  SHOW(fcntl(fd, F_SETLK, &lock));
  lock.l_type = F_WRLCK;
  SHOW(fcntl(fd, F_GETLK, &lock));
  printf("type %d\n", lock.l_type == F_UNLCK);

  SHOW(fsync(fd));
  SHOW(fdatasync(fd));
  SHOW(fsync(99));
  SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
  return 0;
}
