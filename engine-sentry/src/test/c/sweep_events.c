/* needs: Linux 6.12
   poll and its relatives, epoll, eventfd, asynchronous I/O and inotify over hostile arguments. */
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/select.h>

#include "sweep.h"

KIND(POLLED, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(CROSSING), V(KERNEL), V(AT(64)));
KIND(POLL_COUNTS, 0, V(0), V(-1), OR, V(FD_LIMIT), V(FD_LIMIT + 1), V(HIGH(1)));
KIND(TIMEOUTS, 0, V(1), OR, V(HIGH(0)));
KIND(SPECS, 0, V(UNMAPPED), V(AT(1016)), OR, V(CROSSING), V(KERNEL), V(AT(1032)), V(AT(1048)), V(READ_ONLY));
KIND(VALUES, 0, V(UNMAPPED), V(AT(1116)), OR, V(CROSSING), V(KERNEL), V(AT(1132)), V(AT(1148)), V(READ_ONLY));
KIND(MASKS, 0, V(UNMAPPED), V(KERNEL), OR, V(CROSSING), V(DATA));
KIND(MASK_SIZES, 0, V(0), V(-1), OR, V(4), V(16));
KIND(SETS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL), V(AT(256)));
KIND(SET_COUNTS, 0, V(-1), V(0), OR, V(INT_MIN), V(2000), V(HIGH(20)));
KIND(MASK_PAIRS, 0, V(UNMAPPED), V(AT(1216)), OR, V(NULL), V(AT(1232)), V(KERNEL));
KIND(EPOLLS, 0, V(CLOSED_FD), V(FILE_FD), V(PATH_FD), OR, V(-1), V(PIPE_READ), V(SOCKET_FD), V(EVENT_FD), V(HIGH(EPOLL_FD)));
KIND(OPERATIONS, 0, V(0), V(4), OR, V(2), V(3), V(-1), V(HIGH(1)));
KIND(WATCHED, 0, V(CLOSED_FD), V(FILE_FD), V(EPOLL_FD), V(PATH_FD), OR, V(-1), V(DIR_FD), V(PIPE_READ), V(SOCKET_FD), V(TIMER_FD),
     V(SIGNAL_FD), V(INOTIFY_FD), V(NULL_FD), V(MEMFD), V(PIDFD), V(HIGH(EVENT_FD)));
KIND(EVENT_STRUCTS, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(1312)), V(AT(1324)), V(AT(1336)), V(AT(1348)));
/* Whether the descriptor or the rest is looked at first depends on Linux's version. */
KIND(WAITED, 0, OR, V(CLOSED_FD), V(FILE_FD), V(PATH_FD), V(-1), V(PIPE_READ), V(EVENT_FD), V(HIGH(EPOLL_FD)));
KIND(MAX_EVENTS, 0, V(0), V(-1), OR, V(INT_MAX), V(INT_MIN), V(178956970), V(HIGH(4)));
KIND(EVENTS_OUT, 0, V(UNMAPPED), V(KERNEL), OR, V(NULL), V(READ_ONLY), V(CROSSING), V(LAST_BYTE));
KIND(EPOLL_FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(EPOLL_SIZES, 0, V(0), V(-1), OR, V(INT_MAX), V(HIGH(0)));
KIND(EVENT_FLAGS, 0xffffffffUL, V(-1), OR, V(HIGH(0)));
KIND(CONTEXTS, 0, V(0), V(-1), OR, V(UNMAPPED), V(DATA), V(1));
KIND(REQUESTS, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(2008)), V(AT(2016)), V(AT(2024)), V(AT(2032)), V(AT(2040)),
     V(AT(2048)), V(AT(2056)), V(AT(2064)), V(AT(2072)), V(AT(2080)), V(AT(2088)));
KIND(COUNTS, 0, V(-1), V(0), OR, V(LONG_MIN), V(2), V(1000));
KIND(RESULTS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));

static void refill(void) {
  char drain[64];
  uint64_t one = 1;
  while (read(PIPE_READ, drain, sizeof drain) > 0) {
  }
  while (read(EVENT_FD, drain, 8) > 0) {
  }
  write(PIPE_WRITE, "12345678", 8);
  write(EVENT_FD, &one, 8);
  struct pollfd *p = (void *)AT(0);
  memset(p, 0, 512);
  p[0] = (struct pollfd){EVENT_FD, POLLIN | POLLOUT, 0};
  p = (void *)AT(64);
  p[0] = (struct pollfd){CLOSED_FD, POLLIN, 0};
  memset((void *)AT(128), 0, 256);
  FD_SET(EVENT_FD, (fd_set *)AT(128));
  FD_SET(CLOSED_FD, (fd_set *)AT(256));
  struct timespec *t = (void *)AT(1000);
  t[0] = (struct timespec){0, 0}, t[1] = (struct timespec){0, -1}, t[2] = (struct timespec){-1, 0}, t[3] = (struct timespec){0, 1000000000};
  struct timeval *v = (void *)AT(1100);
  v[0] = (struct timeval){0, 0}, v[1] = (struct timeval){0, -1}, v[2] = (struct timeval){-1, 0}, v[3] = (struct timeval){0, 1000000};
  long *pair = (long *)AT(1200);
  pair[0] = DATA, pair[1] = 8, pair[2] = UNMAPPED, pair[3] = 8, pair[4] = DATA, pair[5] = 7;
  memset((void *)DATA, 0, 64);
  struct epoll_event *e = (void *)AT(1300);
  e[0] = (struct epoll_event){.events = EPOLLIN};
  e[1] = (struct epoll_event){.events = EPOLLIN | EPOLLEXCLUSIVE};
  e[2] = (struct epoll_event){.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT};
  e[3] = (struct epoll_event){.events = 0xffffffff};
  e[4] = (struct epoll_event){.events = EPOLLIN | EPOLLWAKEUP | 0x4000000};
}

static void polls(void) {
  before_each = refill;
  may_wait = 1;
  SWEEP(poll, A(AT(0), POLLED), A(1, POLL_COUNTS), A(0, TIMEOUTS));
  SWEEP(ppoll, A(AT(0), POLLED), A(1, POLL_COUNTS), A(AT(1000), SPECS), A(NULL, MASKS), A(8, MASK_SIZES));
  SWEEP(ppoll, A(AT(0), POLLED), A(1, POLL_COUNTS), A(AT(1000), SPECS), A(DATA, MASKS), A(8, MASK_SIZES));
  SWEEP(select, A(20, SET_COUNTS), A(AT(128), SETS), A(AT(128), SETS), A(NULL, SETS), A(AT(1100), VALUES));
  SWEEP(select, A(110, SET_COUNTS), A(AT(256), SETS), A(NULL, SETS), A(NULL, SETS), A(AT(1100), VALUES));
  SWEEP(pselect6, A(20, SET_COUNTS), A(AT(128), SETS), A(AT(128), SETS), A(NULL, SETS), A(AT(1000), SPECS), A(AT(1200), MASK_PAIRS));
  may_wait = 0;
}

static void forget(void) {
  refill();
  for (int fd = FILE_FD; fd < WORK_FD; fd++) epoll_ctl(EPOLL_FD, EPOLL_CTL_DEL, fd, NULL);
}

static void watch_event(void) {
  forget();
  struct epoll_event e = {.events = EPOLLIN};
  epoll_ctl(EPOLL_FD, EPOLL_CTL_ADD, EVENT_FD, &e);
}

static void epolls(void) {
  SWEEP_FD(epoll_create, A(1, EPOLL_SIZES));
  SWEEP_FD(epoll_create1, A(0, EPOLL_FLAGS));
  before_each = forget;
  SWEEP(epoll_ctl, A(EPOLL_FD, EPOLLS), A(EPOLL_CTL_ADD, OPERATIONS), A(EVENT_FD, WATCHED), A(AT(1300), EVENT_STRUCTS));
  SWEEP(epoll_ctl, A(EPOLL_FD, EPOLLS), A(EPOLL_CTL_MOD, OPERATIONS), A(EVENT_FD, WATCHED), A(AT(1300), EVENT_STRUCTS));
  before_each = watch_event;
  SWEEP(epoll_ctl, A(EPOLL_FD, EPOLLS), A(EPOLL_CTL_MOD, OPERATIONS), A(EVENT_FD, WATCHED), A(AT(1300), EVENT_STRUCTS));
  SWEEP(epoll_ctl, A(EPOLL_FD, EPOLLS), A(EPOLL_CTL_DEL, OPERATIONS), A(EVENT_FD, WATCHED), A(NULL, EVENT_STRUCTS));
  may_wait = 1;
  SWEEP(epoll_wait, A(EPOLL_FD, WAITED), A(DATA, EVENTS_OUT), A(4, MAX_EVENTS), A(0, TIMEOUTS));
  SWEEP(epoll_pwait, A(EPOLL_FD, WAITED), A(DATA, EVENTS_OUT), A(4, MAX_EVENTS), A(0, TIMEOUTS), A(NULL, MASKS), A(8, MASK_SIZES));
  SWEEP(epoll_pwait, A(EPOLL_FD, WAITED), A(DATA, EVENTS_OUT), A(4, MAX_EVENTS), A(0, TIMEOUTS), A(DATA, MASKS), A(8, MASK_SIZES));
  SWEEP(epoll_pwait2, A(EPOLL_FD, WAITED), A(DATA, EVENTS_OUT), A(4, MAX_EVENTS), A(AT(1000), SPECS), A(NULL, MASKS), A(8, MASK_SIZES));
  may_wait = 0;
}

static void events(void) {
  before_each = NULL;
  SWEEP_FD(eventfd, A(0, NUMBERS));
  SWEEP_FD(eventfd2, A(0, NUMBERS), A(0, EVENT_FLAGS));
  before_each = refill;
  *(long *)(DATA + 64) = -1;
  *(long *)(DATA + 72) = -2;
  *(long *)(DATA + 80) = 0;
  SWEEP(write, A(EVENT_FD, FIXED), A(DATA + 64, FIXED), A(8, SIZES));
  SWEEP(write, A(EVENT_FD, FIXED), A(DATA + 72, GIVEN), A(8, SIZES));
  SWEEP(write, A(EVENT_FD, FIXED), A(DATA + 80, GIVEN), A(8, SIZES));
  SWEEP(read, A(EVENT_FD, FIXED), A(DATA, FILLED), A(8, SIZES));
  SWEEP(read, A(TIMER_FD, FIXED), A(DATA, FILLED), A(8, SIZES));
  SWEEP(read, A(SIGNAL_FD, FIXED), A(DATA, FILLED), A(128, SIZES));
  SWEEP(read, A(INOTIFY_FD, FIXED), A(DATA, FILLED), A(128, SIZES));
  SWEEP(write, A(SIGNAL_FD, FIXED), A(DATA, FIXED), A(128, FIXED));
}

static aio_context_t context;

static void put_requests(void) {
  refill();
  struct io_event events[8];
  struct timespec now = {0, 0};
  syscall(SYS_io_getevents, context, 0, 8, events, &now);
  memset((void *)AT(2200), 0, 1200);
  struct iocb *c = (void *)AT(2200);
  for (int i = 0; i < 12; i++) {
    c[i].aio_fildes = FILE_FD;
    c[i].aio_lio_opcode = IOCB_CMD_PREAD;
    c[i].aio_buf = DATA;
    c[i].aio_nbytes = 4;
    ((long *)AT(2000))[i] = AT(2200) + i * (long)sizeof *c;
  }
  c[1].aio_fildes = CLOSED_FD;
  c[2].aio_lio_opcode = 99;
  c[3].aio_reserved2 = 1;
  c[4].aio_flags = 4;
  c[5].aio_nbytes = -1;
  c[6].aio_fildes = WRITE_ONLY_FD;
  c[7].aio_flags = IOCB_FLAG_RESFD, c[7].aio_resfd = FILE_FD;
  c[8].aio_buf = UNMAPPED;
  c[9].aio_offset = -1;
  c[10].aio_rw_flags = 0x40000000;
  c[11].aio_fildes = PATH_FD;
}

static void aio(void) {
  context = 0;
  NEED(syscall(SYS_io_setup, 8, &context) == 0);
  before_each = NULL;
  SWEEP(io_setup, A(8, SIZES), A(DATA, FILLED)); /* the place is not zero */
  before_each = put_requests;
  SWEEP(io_setup, A(0, FIXED), A(DATA, FILLED));
  SWEEP(io_setup, A(8, FIXED), A(UNMAPPED, FILLED));
  const struct arg submit[] = {{"context", (long)context, &CONTEXTS}, A(1, COUNTS), A(AT(2000), REQUESTS)};
  sweep("io_submit", SYS_io_submit, VALUE, submit, 3);
  const struct arg get[] = {{"context", (long)context, &CONTEXTS}, A(0, COUNTS), A(1, COUNTS), A(DATA, RESULTS), A(AT(1000), SPECS)};
  sweep("io_getevents", SYS_io_getevents, VALUE, get, 5);
  const struct arg pget[] = {{"context", (long)context, &CONTEXTS}, A(0, COUNTS), A(1, COUNTS), A(DATA, RESULTS), A(AT(1000), SPECS),
                             A(AT(1200), MASK_PAIRS)};
  sweep("io_pgetevents", SYS_io_pgetevents, VALUE, pget, 6);
  const struct arg cancel[] = {{"context", (long)context, &CONTEXTS}, A(AT(2200), GIVEN), A(DATA, FILLED)};
  sweep("io_cancel", SYS_io_cancel, VALUE, cancel, 3);
  before_each = NULL;
  SWEEP(io_destroy, A(0, CONTEXTS));
}

static void sweep_all(void) {
  polls();
  epolls();
  events();
  aio();
}
