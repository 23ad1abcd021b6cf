/* needs: Linux 6.12
   Reading, writing and what else is done with an open file, over hostile arguments. */
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "sweep.h"

KIND(COUNTS, 0, V(-1), V(0), OR, V(1024), V(1025), V(INT_MAX), V(1L << 32));
KIND(WHENCES, 0, V(-1), V(5), OR, V(1), V(2), V(3), V(4), V(1L << 32));
/* RWF_NOWAIT is not for every file system; RWF_ATOMIC and those that came later are not for every kernel. */
KIND(RWFS, 0xfffffe37UL, V(0x40000000), OR, V(HIGH(0)));
KIND(VECTORS, 0, V(NULL), V(UNMAPPED), OR, V(NO_ACCESS), V(DATA + 4 * PAGE - 8), V(KERNEL), V(AT(256)), V(AT(512)),
     V(AT(768)));
KIND(OFFSET_POINTERS, 0, V(UNMAPPED), V(READ_ONLY), OR, V(DATA + 4 * PAGE - 4), V(KERNEL), V(AT(1024)), V(AT(1032)), V(NULL));
KIND(DUPS, 0, V(CLOSED_FD), V(-1), OR, V(1 << 20), V(FD_LIMIT), V(PATH_FD), V(HIGH(FILE_FD)));
KIND(OWNERS, 0, V(0), OR, V(1), V(-1), V(INT_MAX), V(HIGH(-1)));
KIND(LOCKS, 0xffUL, V(0), V(-1), OR, V(HIGH(LOCK_UN)));
KIND(FILE_SIZES, 0, V(-1), OR, V(0), V(1), V(100), V(LONG_MIN));
/* FALLOC_FL_ZERO_RANGE is not for every file system. */
KIND(FALLOCS, 0xffffffa0UL, V(-1), V(2), OR, V(1), V(3), V(0x13), V(0x40), V(0x41), V(HIGH(0)));
KIND(LENGTHS, 0, V(-1), V(0), OR, V(LONG_MIN), V(LONG_MAX), V(1L << 62), V(4096));
KIND(ADVICES, 0, V(-1), V(6), OR, V(0), V(1), V(2), V(3), V(5), V(100), V(HIGH(0)));
KIND(RANGES, 0xffffffffUL, V(-1), OR, V(7), V(HIGH(0)));

static void rewind_all(void) {
  char drain[256];
  for (int fd = PIPE_READ; fd <= PEER_FD; fd++) fcntl(fd, F_SETFL, O_NONBLOCK);
  fcntl(EVENT_FD, F_SETFL, O_NONBLOCK);
  lseek(FILE_FD, 0, SEEK_SET);
  lseek(READ_ONLY_FD, 0, SEEK_SET);
  lseek(WRITE_ONLY_FD, 0, SEEK_SET);
  lseek(DIR_FD, 0, SEEK_SET);
  ftruncate(FILE_FD, 8);
  ftruncate(MEMFD, 8);
  lseek(MEMFD, 0, SEEK_SET);
  lseek(SECOND_FD, 0, SEEK_SET);
  ftruncate(SECOND_FD, 8);
  while (read(PIPE_READ, drain, sizeof drain) > 0) {
  }
  while (recv(SOCKET_FD, drain, sizeof drain, 0) > 0) {
  }
  while (recv(PEER_FD, drain, sizeof drain, 0) > 0) {
  }
  while (read(EVENT_FD, drain, 8) > 0) {
  }
  write(PIPE_WRITE, "12345678", 8);
  send(PEER_FD, "12345678", 8, 0);
  uint64_t one = 1;
  write(EVENT_FD, &one, 8);
  *(uint64_t *)DATA = 1;
  *(long *)AT(1024) = 0;
  *(long *)AT(1032) = -1;
}

static void set_vectors(void) {
  struct iovec *v = (void *)AT(0);
  v[0] = (struct iovec){(void *)DATA, 4};
  v[1] = (struct iovec){(void *)(DATA + 8), 4};
  v = (void *)AT(256);
  v[0] = (struct iovec){(void *)DATA, 4};
  v[1] = (struct iovec){(void *)UNMAPPED, 4};
  v = (void *)AT(512);
  v[0] = (struct iovec){(void *)DATA, 4};
  v[1] = (struct iovec){(void *)DATA, (size_t)-1};
  v = (void *)AT(768);
  v[0] = (struct iovec){(void *)KERNEL, 4};
  v[1] = (struct iovec){(void *)DATA, 4};
}

static void transfers(void) {
  before_each = rewind_all;
  set_vectors();
  SWEEP(read, A(FILE_FD, FDS), A(DATA, FILLED), A(8, SIZES));
  SWEEP(write, A(FILE_FD, FDS), A(DATA, GIVEN), A(8, SIZES));
  SWEEP(pread64, A(FILE_FD, FDS), A(DATA, FILLED), A(8, SIZES), A(2, OFFSETS));
  SWEEP(pwrite64, A(FILE_FD, FDS), A(DATA, GIVEN), A(8, SIZES), A(2, OFFSETS));
  SWEEP(readv, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS));
  SWEEP(writev, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS));
  SWEEP(preadv, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS), A(2, OFFSETS), A(0, HIGHS));
  SWEEP(pwritev, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS), A(2, OFFSETS), A(0, HIGHS));
  SWEEP(preadv2, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS), A(2, OFFSETS), A(0, HIGHS), A(0, RWFS));
  SWEEP(pwritev2, A(FILE_FD, FDS), A(AT(0), VECTORS), A(2, COUNTS), A(2, OFFSETS), A(0, HIGHS), A(0, RWFS));
  SWEEP(lseek, A(FILE_FD, FDS), A(2, OFFSETS), A(SEEK_SET, WHENCES));
  SWEEP(lseek, A(FILE_FD, FIXED), A(-3, OFFSETS), A(SEEK_CUR, WHENCES));
  SWEEP(lseek, A(FILE_FD, FIXED), A(2, OFFSETS), A(SEEK_DATA, WHENCES));
  SWEEP(lseek, A(FILE_FD, FIXED), A(2, OFFSETS), A(SEEK_END, WHENCES));
}

static void between_files(void) {
  before_each = rewind_all;
  SWEEP(sendfile, A(PIPE_WRITE, FDS), A(FILE_FD, FDS), A(NULL, OFFSET_POINTERS), A(4, SIZES));
  SWEEP(sendfile, A(MEMFD, FIXED), A(FILE_FD, FDS), A(AT(1024), OFFSET_POINTERS), A(4, SIZES));
  SWEEP(copy_file_range, A(FILE_FD, FDS), A(NULL, OFFSET_POINTERS), A(SECOND_FD, FDS), A(NULL, OFFSET_POINTERS), A(4, SIZES),
        A(0, FLAGS));
  SWEEP(splice, A(PIPE_READ, FDS), A(NULL, OFFSET_POINTERS), A(FILE_FD, FDS), A(NULL, OFFSET_POINTERS), A(4, SIZES),
        A(SPLICE_F_NONBLOCK, FLAGS));
  SWEEP(splice, A(FILE_FD, FDS), A(AT(1024), OFFSET_POINTERS), A(PIPE_WRITE, FDS), A(NULL, OFFSET_POINTERS), A(4, SIZES),
        A(SPLICE_F_NONBLOCK, FLAGS));
  SWEEP(tee, A(PIPE_READ, FDS), A(PIPE_WRITE, FDS), A(4, SIZES), A(SPLICE_F_NONBLOCK, FLAGS));
  SWEEP(vmsplice, A(PIPE_WRITE, FDS), A(AT(0), VECTORS), A(2, COUNTS), A(SPLICE_F_NONBLOCK, FLAGS));
}

static void whole_files(void) {
  before_each = rewind_all;
  SWEEP(ftruncate, A(FILE_FD, FDS), A(4, FILE_SIZES));
  SWEEP(fallocate, A(FILE_FD, FDS), A(0, FALLOCS), A(0, OFFSETS), A(8, LENGTHS));
  SWEEP(fadvise64, A(FILE_FD, FDS), A(0, OFFSETS), A(8, LENGTHS), A(4, ADVICES));
  SWEEP(readahead, A(FILE_FD, FDS), A(0, OFFSETS), A(8, SIZES));
  SWEEP(sync_file_range, A(FILE_FD, FDS), A(0, OFFSETS), A(8, LENGTHS), A(2, RANGES));
  SWEEP(fsync, A(FILE_FD, FDS));
  SWEEP(fdatasync, A(FILE_FD, FDS));
  SWEEP(syncfs, A(FILE_FD, FDS));
  SWEEP(sync);
  SWEEP(flock, A(FILE_FD, FDS), A(LOCK_SH | LOCK_NB, LOCKS));
  SWEEP(flock, A(FILE_FD, FDS), A(LOCK_UN, LOCKS));
  SWEEP(getdents, A(DIR_FD, FDS), A(DATA, FILLED), A(1024, SIZES));
  SWEEP(getdents64, A(DIR_FD, FDS), A(DATA, FILLED), A(1024, SIZES));
  SWEEP(fstat, A(FILE_FD, FDS), A(DATA, FILLED));
  SWEEP(fstatfs, A(FILE_FD, FDS), A(DATA, FILLED));
  SWEEP(fchmod, A(FILE_FD, FILE_FDS), A(0644, MODES));
  fchmod(FILE_FD, 0644);
  fchmod(DIR_FD, 0755);
  SWEEP(fchown, A(FILE_FD, FILE_FDS), A(-1, OWNERS), A(-1, OWNERS));
  SWEEP(fchdir, A(DIR_FD, FDS));
  SWEEP(fchdir, A(DIR_FD, DIRS));
}

/* O_NOTIFICATION_PIPE is O_EXCL. */
KIND(PIPE_FLAGS, 0xffffffffUL & ~0x80UL, V(-1), OR, V(HIGH(0)));

static int pair_at_once(void) { return dup2(NULL_FD, 100) == 100; }

static void descriptors(void) {
  before_each = NULL;
  SWEEP(dup, A(FILE_FD, FIXED));
  close(3);
  SWEEP_FD(dup, A(FILE_FD, FDS));
  SWEEP(dup2, A(FILE_FD, DUPS), A(100, DUPS));
  SWEEP(dup3, A(FILE_FD, DUPS), A(100, DUPS), A(O_CLOEXEC, FLAGS));
  SWEEP(dup3, A(FILE_FD, FIXED), A(FILE_FD, FIXED), A(0, FIXED));
  close(CLOSED_FD);
  HOLDS(pair_at_once());
  SWEEP(close, A(100, DUPS));
  sweep_descriptors();
  SWEEP(close_range, A(100, FIXED), A(101, NUMBERS), A(0, FIXED));
  SWEEP(close_range, A(200, FIXED), A(300, FIXED), A(0, FLAGS));
  SWEEP(close_range, A(-1, FIXED), A(-1, FIXED), A(0, FIXED));
  SWEEP(close_range, A(HIGH(200), FIXED), A(HIGH(201), FIXED), A(0, FIXED));
  close_range(100, ~0U, 0);
  SWEEP(pipe, A(UNMAPPED, FILLED));
  SWEEP(pipe2, A(UNMAPPED, FILLED), A(O_CLOEXEC, PIPE_FLAGS));
  SWEEP(pipe2, A(DATA, FIXED), A(O_CLOEXEC | O_NONBLOCK | O_DIRECT, FIXED));
  close_range(50, ~0U, 0);
  HOLDS(dup(NULL_FD) == 5);
  close(3), close(4), close(5);
}

/* Commands of fcntl and ioctl that need an argument have their own lines. */
KIND(COMMANDS, 0, V(-1), V(19), V(1 << 20), OR, V(F_GETFD), V(F_GETFL), V(F_GETOWN), V(F_GETSIG), V(F_GETLEASE),
     V(F_GETPIPE_SZ), V(F_GET_SEALS), V(HIGH(F_GETFD)), V(1023), V(1029), V(1035), V(100));
KIND(SET_FLAGS, 0xffffffffUL & ~(O_ASYNC | O_DIRECT | O_NOATIME), OR, V(O_NOATIME), V(HIGH(0)));
KIND(LOCK_STRUCTS, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(KERNEL), V(AT(2048 + 32)), V(AT(2048 + 64)),
     V(AT(2048 + 96)), V(AT(2048 + 128)), V(AT(2048 + 160)), V(AT(2048 + 192)), V(AT(2048 + 224)));
KIND(OWNER_STRUCTS, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(CROSSING), V(AT(3000)), V(AT(3008)), V(AT(3016)));
KIND(SIGNALS, 0, V(-1), V(65), OR, V(64), V(0), V(INT_MAX), V(INT_MIN));
KIND(PIPE_SIZES, 0, V(-1), V(0), OR, V(1), V(4097), V(1 << 30), V(1L << 31), V(1L << 32), V(INT_MAX), V(INT_MIN), V(LONG_MAX));
KIND(SEALS, 0xffffffffUL & ~0x3fUL, V(-1), OR, V(F_SEAL_GROW), V(HIGH(0)));
KIND(FDS_AT_LEAST, 0, V(-1), V(FD_LIMIT), OR, V(1 << 20), V(FD_LIMIT - 1), V(1L << 32), V(HIGH(40)));

static void put_lock(long at, short type, short whence, long start, long length, int pid) {
  *(struct flock *)at = (struct flock){type, whence, start, length, pid};
}

static void reset_locks(void) {
  put_lock(AT(2048), F_RDLCK, SEEK_SET, 0, 4, 0);
  put_lock(AT(2048 + 32), 7, SEEK_SET, 0, 4, 0);
  put_lock(AT(2048 + 64), F_RDLCK, 7, 0, 4, 0);
  put_lock(AT(2048 + 96), F_RDLCK, SEEK_SET, -1, 4, 0);
  put_lock(AT(2048 + 128), F_RDLCK, SEEK_SET, LONG_MAX, 4, 0);
  put_lock(AT(2048 + 160), F_UNLCK, SEEK_SET, 0, 4, 1);
  put_lock(AT(2048 + 192), F_WRLCK, SEEK_END, -4, -4, 0);
  put_lock(AT(2048 + 224), F_WRLCK, SEEK_CUR, 4, -5, 0);
  *(struct f_owner_ex *)AT(3000) = (struct f_owner_ex){F_OWNER_PID, 0};
  *(struct f_owner_ex *)AT(3008) = (struct f_owner_ex){9, 0};
  *(struct f_owner_ex *)AT(3016) = (struct f_owner_ex){F_OWNER_PID, INT_MAX};
}

static void commands(void) {
  before_each = reset_locks;
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_GETFD, COMMANDS), A(0, FIXED));
  SWEEP(fcntl, A(MEMFD, FIXED), A(F_GETFD, COMMANDS), A(0, FIXED));
  SWEEP(fcntl, A(PIPE_READ, FIXED), A(F_GETFD, COMMANDS), A(UNMAPPED, FIXED));
  SWEEP(fcntl, A(CLOSED_FD, FIXED), A(F_GETFD, COMMANDS), A(UNMAPPED, FIXED));
  SWEEP(fcntl, A(PATH_FD, FIXED), A(F_GETFD, COMMANDS), A(UNMAPPED, FIXED));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_SETFD, FIXED), A(0, FLAGS));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_GETFL, FIXED), A(0, FIXED));
  SWEEP(fcntl, A(MEMFD, FIXED), A(F_SETFL, FIXED), A(0, SET_FLAGS));
  SWEEP(fcntl, A(CLOSED_FD, FIXED), A(F_SETFL, FIXED), A(0, FIXED));
  SWEEP(fcntl, A(PATH_FD, FIXED), A(F_SETFL, FIXED), A(0, FIXED));
  SWEEP_FD(fcntl, A(FILE_FD, FDS), A(F_DUPFD, FIXED), A(40, FDS_AT_LEAST));
  SWEEP_FD(fcntl, A(FILE_FD, FDS), A(F_DUPFD_CLOEXEC, FIXED), A(40, FDS_AT_LEAST));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_GETLK, FIXED), A(AT(2048), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_SETLK, FIXED), A(AT(2048), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_SETLKW, FIXED), A(AT(2048), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_OFD_GETLK, FIXED), A(AT(2048), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_OFD_SETLK, FIXED), A(AT(2048), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FIXED), A(F_OFD_SETLK, FIXED), A(AT(2048 + 160), LOCK_STRUCTS));
  SWEEP(fcntl, A(FILE_FD, FIXED), A(F_SETLK, FIXED), A(AT(2048 + 160), FIXED));
  SWEEP(fcntl, A(PIPE_READ, FDS), A(F_SETOWN, FIXED), A(0, NUMBERS));
  SWEEP(fcntl, A(PIPE_READ, FDS), A(F_SETOWN_EX, FIXED), A(AT(3000), OWNER_STRUCTS));
  SWEEP(fcntl, A(PIPE_READ, FDS), A(F_GETOWN_EX, FIXED), A(AT(3000), OWNER_STRUCTS));
  SWEEP(fcntl, A(PIPE_READ, FDS), A(F_SETSIG, FIXED), A(0, SIGNALS));
  SWEEP(fcntl, A(PIPE_READ, FDS), A(F_SETPIPE_SZ, FIXED), A(65536, PIPE_SIZES));
  SWEEP(fcntl, A(PIPE_READ, FIXED), A(F_SETPIPE_SZ, FIXED), A(65536, FIXED));
  SWEEP(fcntl, A(FILE_FD, FDS), A(F_ADD_SEALS, FIXED), A(0, SEALS));
  SWEEP(fcntl, A(MEMFD, FIXED), A(F_ADD_SEALS, FIXED), A(0, SEALS));
  sweep_descriptors();
}

KIND(REQUESTS, 0, V(0), V(-1), OR, V(FIONREAD), V(FIONBIO), V(FIOASYNC), V(TCGETS), V(TIOCGWINSZ), V(TIOCGPGRP),
     V(TIOCSCTTY), V(SIOCATMARK), V(FIGETBSZ), V(HIGH(FIONREAD)));

static void requests(void) {
  before_each = rewind_all;
  SWEEP(ioctl, A(PIPE_READ, FDS), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(FILE_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(SOCKET_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(NULL_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(DIR_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(EPOLL_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(EVENT_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(TIMER_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(INOTIFY_FD, FIXED), A(FIONREAD, REQUESTS), A(DATA, FILLED));
  SWEEP(ioctl, A(PIPE_READ, FDS), A(FIONCLEX, FIXED), A(DATA, FIXED));
  SWEEP(ioctl, A(PIPE_READ, FDS), A(FIOCLEX, FIXED), A(DATA, FIXED));
  SWEEP(ioctl, A(PIPE_READ, FDS), A(FIONBIO, FIXED), A(DATA, GIVEN));
}

static void sweep_all(void) {
  transfers();
  between_files();
  whole_files();
  descriptors();
  commands();
  requests();
}
