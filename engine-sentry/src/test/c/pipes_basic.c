/* Pipes: end of file, broken pipes, capacity, atomic writes, and what a reader sees when. */
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "show.h"

static volatile sig_atomic_t broken;

static void on_pipe(int sig) {
  (void)sig;
  broken++;
}

int main(void) {
  int p[2];
  char b[8192];
  SHOW(pipe(p));
  SHOW(write(p[1], "hello", 5));
  SHOW(read(p[0], b, 3));
  printf("%.3s\n", b);
  int n;
  SHOW(ioctl(p[0], FIONREAD, &n));
  printf("%d\n", n);
  SHOW(read(p[0], b, sizeof b));
  SHOW(write(p[0], "x", 1));
  SHOW(read(p[1], b, 1));
  SHOW(lseek(p[0], 0, SEEK_CUR));
  SHOW(pread(p[0], b, 1, 0));
  SHOW(ftruncate(p[1], 0));
  SHOW(write(p[1], "", 0));
  close(p[1]);
  SHOW(read(p[0], b, sizeof b));
  close(p[0]);

  /* Writing to a pipe that nobody reads. */
  pipe(p);
  close(p[0]);
  signal(SIGPIPE, on_pipe);
  SHOW(write(p[1], "x", 1));
  printf("SIGPIPE %d times\n", (int)broken);
  signal(SIGPIPE, SIG_IGN);
  SHOW(write(p[1], "x", 1));
  SHOW(write(p[1], "", 0));
  fflush(stdout);
  if (fork() == 0) {
    signal(SIGPIPE, SIG_DFL);
    write(p[1], "x", 1);
    _exit(1);
  }
  int status;
  wait(&status);
  show_status("child", status);
  close(p[1]);

  /* Nonblocking ends, capacity. */
  SHOW(pipe2(p, O_NONBLOCK | O_CLOEXEC));
  SHOW(fcntl(p[0], F_GETFD));
  SHOW(read(p[0], b, 1));
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  memset(b, 'x', sizeof b);
  long total = 0, r;
  while ((r = write(p[1], b, 4096)) > 0) total += r;
  printf("%s after %ld\n", error_name(errno), total);
  SHOW(write(p[1], b, 1));
  SHOW(read(p[0], b, 4096));
  SHOW(write(p[1], b, 5000));
  SHOW(write(p[1], b, 4096));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 200000));
  SHOW(write(p[1], b, 8192));
  while (read(p[0], b, sizeof b) > 0) {
  }
  SHOW(fcntl(p[1], F_SETPIPE_SZ, 1));
  SHOW(pipe2(p, 0x10));
  SHOW(pipe((int *)8));

  /* A reader waits for the writer; a big write waits for the reader. */
  pipe(p);
  fflush(stdout);
  if (fork() == 0) {
    close(p[0]);
    char *big = malloc(300000);
    for (int i = 0; i < 300000; i++) big[i] = (char)(i * 7);
    _exit(write(p[1], big, 300000) != 300000);
  }
  close(p[1]);
  long sum = 0, wrong = 0;
  while ((r = read(p[0], b, 7777)) > 0) {
    for (long i = 0; i < r; i++) wrong += b[i] != (char)((sum + i) * 7);
    sum += r;
  }
  wait(&status);
  show_status("writer", status);
  printf("%ld bytes, %ld wrong\n", sum, wrong);
  close(p[0]);

  /* Writes of up to PIPE_BUF bytes are never mixed. */
  pipe(p);
  fflush(stdout);
  for (int w = 0; w < 4; w++) {
    if (fork() == 0) {
      memset(b, 'a' + w, 512);
      for (int i = 0; i < 200; i++) NEED(write(p[1], b, 512) == 512);
      _exit(0);
    }
  }
  close(p[1]);
  FILE *f = fdopen(p[0], "r");
  int mixed = 0, count = 0;
  while (fread(b, 512, 1, f) == 1) {
    count++;
    for (int i = 1; i < 512; i++) mixed += b[i] != b[0];
  }
  printf("%d records, %d mixed\n", count, mixed);
  while (wait(NULL) > 0) {
  }
  fclose(f);

  /* Two processes in turn. */
  int q[2];
  pipe(p);
  pipe(q);
  fflush(stdout);
  if (fork() == 0) {
    close(p[1]);
    close(q[0]);
    int v;
    while (read(p[0], &v, sizeof v) == sizeof v) {
      v = v * 3 + 1;
      write(q[1], &v, sizeof v);
    }
    _exit(0);
  }
  close(p[0]);
  close(q[1]);
  int v = 1;
  for (int i = 0; i < 500; i++) {
    write(p[1], &v, sizeof v);
    read(q[0], &v, sizeof v);
  }
  printf("%d\n", v);
  close(p[1]);
  wait(&status);
  show_status("peer", status);

  /* splice and tee, and a named pipe. */
  enter_work_directory();
  put_file("f", "through a pipe");
  int fd = open("f", O_RDONLY), out = open("out", O_RDWR | O_CREAT, 0644);
  pipe(p);
  SHOW(splice(fd, NULL, p[1], NULL, 100, 0));
  SHOW(splice(p[0], NULL, out, NULL, 100, 0));
  show_file("out");
  pipe(q);
  write(p[1], "twice", 5);
  SHOW(tee(p[0], q[1], SIZE_MAX, 0));
  SHOW(splice(fd, NULL, p[1], NULL, SIZE_MAX, 0));
  SHOW(splice(p[0], NULL, out, NULL, SIZE_MAX - 4095, 0));
  SHOW(splice(p[0], NULL, q[1], NULL, SIZE_MAX, 0));
  SHOW(read(q[0], b, sizeof b));
  SHOW(mkfifo("fifo", 0600));
  SHOW_OK(open("fifo", O_WRONLY | O_NONBLOCK));
  int reader = open("fifo", O_RDONLY | O_NONBLOCK);
  SHOW(read(reader, b, 1));
  fflush(stdout);
  if (fork() == 0) {
    int w = open("fifo", O_WRONLY);
    write(w, "named", 5);
    _exit(0);
  }
  wait(&status);
  SHOW(read(reader, b, sizeof b));
  SHOW(read(reader, b, sizeof b));
  close(reader);
  if (fork() == 0) {
    sleep_ms(20);
    int w = open("fifo", O_WRONLY);
    write(w, "late", 4);
    _exit(0);
  }
  reader = open("fifo", O_RDONLY);
  SHOW(read(reader, b, sizeof b));
  SHOW(read(reader, b, sizeof b));
  wait(NULL);
  return 0;
}
