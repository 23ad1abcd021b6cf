/* Kernel AIO: io_setup and its relatives, without the library. */
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "show.h"

static aio_context_t ctx;

static long submit(struct iocb *one) {
  struct iocb *list[1] = {one};
  return syscall(SYS_io_submit, ctx, 1L, list);
}

static void show(const char *what, long min, struct timespec *timeout) {
  struct io_event e[8];
  long n = syscall(SYS_io_getevents, ctx, min, 8L, e, timeout);
  if (n < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: %ld", what, n);
  for (unsigned data = 0; data < 10; data++)
    for (long i = 0; i < n; i++)
      if (e[i].data == data) printf(" [%u: %lld]", data, (long long)e[i].res);
  puts("");
}

static struct iocb request(int command, int fd, void *buffer, size_t size, long offset, int data) {
  struct iocb r = {.aio_lio_opcode = command, .aio_fildes = fd, .aio_offset = offset,
                   .aio_buf = (uintptr_t)buffer, .aio_nbytes = size, .aio_data = data};
  return r;
}

int main(void) {
  struct timespec zero = {0, 0}, soon = {0, 10000000};
  char b[100];
  enter_work_directory();
  SHOW(syscall(SYS_io_setup, 0, &ctx));
  SHOW(syscall(SYS_io_setup, 8, (void *)8));
  ctx = 5;
  SHOW(syscall(SYS_io_setup, 8, &ctx));
  ctx = 0;
  SHOW(syscall(SYS_io_setup, 8, &ctx));
  HOLDS(ctx != 0);
  int fd = open("file", O_RDWR | O_CREAT, 0644);
  struct iocb w = request(IOCB_CMD_PWRITE, fd, "hello world", 11, 0, 1);
  SHOW(submit(&w));
  show("written", 1, NULL);
  memset(b, 0, sizeof b);
  struct iocb r = request(IOCB_CMD_PREAD, fd, b, 5, 6, 2);
  SHOW(submit(&r));
  show("read", 1, NULL);
  printf("\"%s\"\n", b);
  struct iovec v[2] = {{"HE", 2}, {"LLO", 3}};
  struct iocb wv = request(IOCB_CMD_PWRITEV, fd, v, 2, 0, 3);
  struct iocb f = request(IOCB_CMD_FSYNC, fd, NULL, 0, 0, 4);
  struct iocb *list[3] = {&wv, &f, &r};
  SHOW(syscall(SYS_io_submit, ctx, 3L, list));
  sleep_ms(20);
  show("at least three", 3, NULL);
  show_file("file");
  show("nothing", 0, &zero);
  show("nothing for a while", 1, &soon);
  SHOW(syscall(SYS_io_getevents, ctx, 2L, 1L, NULL, NULL));
  SHOW(syscall(SYS_io_getevents, ctx, -1L, 1L, NULL, NULL));
  SHOW(syscall(SYS_io_getevents, 12345L, 1L, 1L, NULL, NULL));
  SHOW(syscall(SYS_io_submit, ctx, -1L, list));
  SHOW(syscall(SYS_io_submit, ctx, 0L, list));
  SHOW(syscall(SYS_io_submit, 12345L, 1L, list));
  SHOW(syscall(SYS_io_submit, ctx, 1L, (void *)8));
  list[0] = (void *)8;
  SHOW(syscall(SYS_io_submit, ctx, 1L, list));
  struct iocb bad = request(IOCB_CMD_PREAD, 99, b, 5, 0, 0);
  SHOW(submit(&bad));
  list[0] = &w, list[1] = &bad;
  SHOW(syscall(SYS_io_submit, ctx, 2L, list));
  show("the good one", 1, NULL);
  bad = request(77, fd, b, 5, 0, 0);
  SHOW(submit(&bad));
  bad = request(IOCB_CMD_PREAD, fd, b, 5, 0, 0);
  bad.aio_reserved2 = 1;
  SHOW(submit(&bad));
  bad = request(IOCB_CMD_PREAD, fd, NULL, 5, 0, 9);
  long n = submit(&bad);
  if (n == 1)
    show("a bad buffer", 1, NULL);
  else
    printf("a bad buffer: %s\n", error_name(errno));
  int only = open("file", O_WRONLY);
  bad = request(IOCB_CMD_PREAD, only, b, 5, 0, 0);
  SHOW(submit(&bad));
  SHOW(syscall(SYS_io_cancel, ctx, &w, b));

  int e = eventfd(0, EFD_NONBLOCK);
  w.aio_flags = IOCB_FLAG_RESFD;
  w.aio_resfd = e;
  SHOW(submit(&w));
  SHOW(submit(&w));
  show("both", 2, NULL);
  uint64_t count = 0;
  read(e, &count, 8);
  printf("counted %d\n", (int)count);
  w.aio_resfd = fd;
  SHOW(submit(&w));

  int p[2];
  pipe(p);
  struct iocb poll = request(IOCB_CMD_POLL, p[0], (void *)(long)POLLIN, 0, 0, 7);
  SHOW(submit(&poll));
  show("not ready", 0, &zero);
  write(p[1], "x", 1);
  struct io_event ready;
  HOLDS(syscall(SYS_io_getevents, ctx, 1L, 1L, &ready, NULL) == 1 && (ready.res & POLLIN));
  SHOW(submit(&poll));
  show("ready at once", 1, NULL);

  SHOW(syscall(SYS_io_destroy, ctx));
  SHOW(syscall(SYS_io_destroy, ctx));
  show("gone", 0, &zero);
  return 0;
}
