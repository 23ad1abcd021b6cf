/* File positions, holes, positioned and vectored reads and writes, appending and truncating. */
#include <sys/uio.h>

#include "show.h"

int main(void) {
  enter_work_directory();
  int fd = open("f", O_RDWR | O_CREAT, 0644);
  SHOW(write(fd, "0123456789", 10));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(lseek(fd, -3, SEEK_END));
  char b[64] = {0};
  SHOW(read(fd, b, sizeof b));
  puts(b);
  SHOW(read(fd, b, sizeof b));
  SHOW(lseek(fd, -11, SEEK_END));
  SHOW(lseek(fd, -1, SEEK_SET));
  SHOW(lseek(fd, 5, 99));
  SHOW(lseek(fd, 100, SEEK_SET));
  SHOW(read(fd, b, 1));
  SHOW(write(fd, "end", 3));
  struct stat st;
  fstat(fd, &st);
  printf("size %ld\n", (long)st.st_size);
  memset(b, 'x', sizeof b);
  SHOW(pread(fd, b, 20, 5));
  HOLDS(memcmp(b, "56789\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20) == 0);
  SHOW(pread(fd, b, 10, 100));
  SHOW(pread(fd, b, 10, 200));
  SHOW(pread(fd, b, 10, -1));
  SHOW(pwrite(fd, "AB", 2, 1));
  SHOW(lseek(fd, 0, SEEK_CUR));
  SHOW(pread(fd, b, 4, 0));
  printf("%.4s\n", b);

  int h = open("holes", O_RDWR | O_CREAT, 0644);
  SHOW(pwrite(h, "a", 1, 65536));
  SHOW(ftruncate(h, 196608));
  SHOW(lseek(h, 0, SEEK_DATA));
  SHOW(lseek(h, 0, SEEK_HOLE));
  /* How finely data and holes are told apart is the file system's choice. */
  long hole = lseek(h, 65536, SEEK_HOLE);
  HOLDS(hole > 65536 && hole <= 131072);
  SHOW(lseek(h, 140000, SEEK_DATA));
  SHOW(lseek(h, 196608, SEEK_HOLE));
  SHOW(lseek(h, 196607, SEEK_HOLE));
  fstat(h, &st);
  printf("size %ld\n", (long)st.st_size);
  HOLDS(st.st_blocks * 512 < st.st_size);
  SHOW(fallocate(h, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536, 4096));
  SHOW(pread(h, b, 1, 65536));
  HOLDS(b[0] == 0);
  SHOW(fallocate(h, 0, 0, 300000));
  fstat(h, &st);
  printf("size %ld\n", (long)st.st_size);

  struct iovec v[3] = {{"one", 3}, {"", 0}, {"three", 5}};
  int w = open("v", O_RDWR | O_CREAT, 0644);
  SHOW(writev(w, v, 3));
  show_file("v");
  char p[4] = {0}, q[10] = {0};
  struct iovec r[2] = {{p, 3}, {q, 9}};
  SHOW(preadv(w, r, 2, 0));
  printf("%s %s\n", p, q);
  SHOW(pwritev(w, v, 1, 8));
  show_file("v");
  SHOW(writev(w, v, -1));
  SHOW(writev(w, v, 0));
  SHOW(writev(w, v, 2000));
  SHOW(write(w, NULL, 0));
  SHOW(write(w, (void *)8, 1));
  SHOW(read(w, (void *)8, 1));
  SHOW(pread(w, (void *)8, 1, 0));

  int a = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
  int a2 = open("log", O_WRONLY | O_APPEND);
  SHOW(write(a, "1", 1));
  SHOW(write(a2, "2", 1));
  SHOW(lseek(a, 0, SEEK_SET));
  SHOW(write(a, "3", 1));
  SHOW(lseek(a, 0, SEEK_CUR));
  SHOW(pwrite(a, "4", 1, 0));
  show_file("log");
  SHOW(fcntl(a, F_SETFL, 0));
  SHOW(lseek(a, 0, SEEK_SET));
  SHOW(write(a, "X", 1));
  show_file("log");

  SHOW(truncate("log", 2));
  show_file("log");
  SHOW(truncate("log", 4));
  show_file("log");
  SHOW(truncate("log", -1));
  SHOW(truncate("missing", 0));
  SHOW(truncate(".", 0));
  int ro = open("log", O_RDONLY);
  SHOW(ftruncate(ro, 0));
  SHOW(ftruncate(-1, 0));

  /* dup shares the position, a second open does not. */
  int d = dup(fd);
  lseek(fd, 7, SEEK_SET);
  SHOW(lseek(d, 0, SEEK_CUR));
  int o = open("f", O_RDONLY);
  SHOW(lseek(o, 0, SEEK_CUR));
  if (fork() == 0) {
    lseek(fd, 42, SEEK_SET);
    _exit(0);
  }
  wait(NULL);
  SHOW(lseek(d, 0, SEEK_CUR));

  /* Position of a sparse giant. */
  int g = open("giant", O_RDWR | O_CREAT, 0644);
  SHOW(lseek(g, 1L << 40, SEEK_SET));
  SHOW(write(g, "!", 1));
  SHOW(lseek(g, 0, SEEK_END));
  SHOW(copy_file_range(fd, &(loff_t){0}, w, &(loff_t){20}, 5, 0));
  SHOW(pread(w, b, 5, 20));
  printf("%.5s\n", b);

  /* The devices of memory are the same at every place. */
  for (int i = 0; i < 3; i++) {
    const char *names[] = {"/dev/null", "/dev/zero", "/dev/full"};
    int m = open(names[i], O_RDWR);
    printf("%s\n", names[i]);
    SHOW(pread(m, b, 4, 1L << 50));
    SHOW(pwrite(m, b, 4, 1L << 50));
    SHOW(lseek(m, 77, SEEK_SET));
    SHOW(lseek(m, 0, SEEK_CUR));
    close(m);
  }
  return 0;
}
