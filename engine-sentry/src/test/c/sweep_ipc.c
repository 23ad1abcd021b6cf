/* needs: Linux 6.12
   System V semaphores, messages and shared memory, and POSIX message queues, over hostile arguments. */
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "sweep.h"

enum { QUEUE_FD = 60, QUEUE_WRITE_ONLY, QUEUE_READ_ONLY };

KIND(IDS, 0, V(-1), V(INT_MAX), OR, V(0x7ff00001), V(INT_MIN));
KIND(COUNTS, 0, V(-1), V(0), OR, V(1), V(32000), V(32001), V(INT_MAX), V(HIGH(2)));
KIND(GET_FLAGS, 0, V(IPC_EXCL), V(IPC_CREAT | IPC_EXCL), OR, V(IPC_CREAT), V(0), V(0777), V(IPC_CREAT | 0777));
KIND(SEM_COMMANDS, 0, V(-1), V(99), OR, V(IPC_SET), V(IPC_INFO), V(SEM_INFO), V(GETALL), V(GETNCNT), V(GETPID),
     V(GETVAL), V(GETZCNT), V(SETALL), V(SETVAL), V(HIGH(IPC_STAT)));
KIND(SEM_NUMBERS, 0, V(-1), V(2), OR, V(1), V(INT_MAX), V(HIGH(0)));
KIND(SEM_ARGUMENTS, 0, V(NULL), V(UNMAPPED), OR, V(READ_ONLY), V(CROSSING), V(KERNEL), V(32768));
KIND(SEM_OPERATIONS, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(6)), V(AT(12)), V(AT(18)), V(AT(24)), V(AT(30)));
KIND(OPERATION_COUNTS, 0, V(0), V(-1), OR, V(500), V(501), V(HIGH(1)));
KIND(SPECS, 0, V(UNMAPPED), V(AT(116)), OR, V(NULL), V(CROSSING), V(AT(132)), V(AT(148)));
KIND(MSG_COMMANDS, 0, V(-1), V(99), OR, V(IPC_INFO), V(MSG_INFO), V(HIGH(IPC_STAT)));
KIND(MESSAGES, 0, V(NULL), V(UNMAPPED), OR, V(CROSSING), V(KERNEL), V(AT(256)), V(AT(320)), V(DATA + 4 * PAGE - 8));
KIND(MESSAGE_SIZES, 0, V(-1), V(8193), OR, V(0), V(1), V(8192), V(LONG_MIN), V(INT_MAX));
KIND(MESSAGE_TYPES, 0, V(-1), V(99), OR, V(0), V(LONG_MIN), V(LONG_MAX));
KIND(RECEIVE_FLAGS, 0, V(IPC_NOWAIT | MSG_COPY), V(IPC_NOWAIT | MSG_EXCEPT), OR, V(IPC_NOWAIT | MSG_NOERROR), V(IPC_NOWAIT | MSG_COPY | MSG_EXCEPT));
KIND(SHM_SIZES, 0, V(0), V(-1), OR, V(1), V(4096), V(8193), V(8192), V(1L << 62));
KIND(SHM_COMMANDS, 0, V(-1), V(99), OR, V(IPC_INFO), V(SHM_INFO), V(HIGH(IPC_STAT)));
KIND(SHM_FLAGS, 0, V(SHM_REMAP), V(SHM_RND), OR, V(SHM_RDONLY), V(SHM_EXEC), V(-1));
KIND(PLACES, 0, V(1), V(KERNEL), OR, V(DATA), V(DATA + 1), V(BASE + 200 * PAGE), V(BASE + 200 * PAGE + 1), V(0x7fffffffe000));
KIND(QUEUE_NAMES, 0, V("missing"), V(NULL), OR, V(""), V("/queue"), V("a/b"), V(UNMAPPED), V(UNENDING), V(KERNEL), V(LONG_NAME), V("."), V(".."));
KIND(QUEUE_FLAGS, 0, V(O_RDWR | O_CREAT | O_EXCL), V(O_RDWR | O_CREAT), OR, V(3), V(O_WRONLY), V(O_RDONLY), V(O_RDWR | O_NONBLOCK),
     V(O_RDWR | O_CLOEXEC), V(-1));
KIND(QUEUE_ATTRIBUTES, 0, V(UNMAPPED), V(AT(564)), OR, V(NULL), V(CROSSING), V(KERNEL), V(AT(628)), V(AT(692)), V(AT(756)), V(AT(820)), V(AT(884)));
KIND(QUEUES, 0, V(CLOSED_FD), V(FILE_FD), V(PATH_FD), OR, V(-1), V(QUEUE_WRITE_ONLY), V(QUEUE_READ_ONLY), V(PIPE_READ), V(DIR_FD), V(SOCKET_FD),
     V(HIGH(QUEUE_FD)));
KIND(QUEUE_SIZES, 0, V(-1), V(65), OR, V(0), V(1), V(63), V(64), V(1L << 32));
KIND(PRIORITIES, 0, V(32768), V(-1), OR, V(32767), V(HIGH(1)));
KIND(PRIORITY_POINTERS, 0, V(UNMAPPED), V(NULL), OR, V(READ_ONLY), V(CROSSING), V(KERNEL));
KIND(NOTICES, 0, V(UNMAPPED), V(NULL), OR, V(KERNEL), V(AT(1064)), V(AT(1128)), V(AT(1192)), V(AT(1256)));
KIND(SET_ATTRIBUTES, 0, V(UNMAPPED), V(NULL), OR, V(CROSSING), V(KERNEL), V(AT(1364)));

static int semaphores, queue, segment;

static void put_operations(void) {
  struct sembuf *op = (void *)AT(0);
  op[0] = (struct sembuf){0, 0, IPC_NOWAIT};
  op[1] = (struct sembuf){2, 0, IPC_NOWAIT};
  op[2] = (struct sembuf){0, -1, IPC_NOWAIT};
  op[3] = (struct sembuf){1, 32767, IPC_NOWAIT};
  op[4] = (struct sembuf){0, -32768, IPC_NOWAIT | SEM_UNDO};
  op[5] = (struct sembuf){0, 0, -1};
  struct timespec *t = (void *)AT(100);
  t[0] = (struct timespec){0, 0}, t[1] = (struct timespec){0, -1}, t[2] = (struct timespec){-1, 0}, t[3] = (struct timespec){0, 1000000000};
  memset((void *)DATA, 0, 512);
}

static void put_semaphores(void) {
  put_operations();
  unsigned short values[2] = {0, 1};
  semctl(semaphores, 0, SETALL, values);
}

static void semaphore_calls(void) {
  int missing_key = 0x7e57000;
  while (semget(missing_key, 0, 0) != -1) missing_key++;
  const struct arg get[] = {{"missing", missing_key, &FIXED}, A(2, COUNTS), A(0, GET_FLAGS)};
  const struct arg get_private[] = {A(IPC_PRIVATE, FIXED), A(-1, COUNTS), A(0600, FIXED)};
  sweep("semget", SYS_semget, GOOD, (const struct arg[]){get[0], A(2, COUNTS), A(0, FIXED)}, 3);
  sweep("semget", SYS_semget, GOOD, (const struct arg[]){get[0], A(-1, FIXED), A(IPC_CREAT, GET_FLAGS)}, 3);
  sweep_case("semget", SYS_semget, GOOD, get_private, 3);
  semaphores = semget(missing_key, 2, IPC_CREAT | 0600);
  NEED(semaphores >= 0);
  sweep("semget", SYS_semget, GOOD, get, 3);
  const struct arg id = {"semaphores", semaphores, &IDS};
  before_each = put_semaphores;
  sweep("semop", SYS_semop, VALUE, (const struct arg[]){id, A(AT(0), SEM_OPERATIONS), A(1, OPERATION_COUNTS)}, 3);
  sweep("semtimedop", SYS_semtimedop, VALUE, (const struct arg[]){id, A(AT(0), SEM_OPERATIONS), A(1, OPERATION_COUNTS), A(AT(100), SPECS)}, 4);
  /* The indexes of other sets, and how many there are, are not looked at. */
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(IPC_STAT, FIXED), A(DATA, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(GETALL, FIXED), A(DATA, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(SETALL, FIXED), A(DATA, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(SETVAL, FIXED), A(5, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(GETVAL, FIXED), A(5, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, SEM_NUMBERS), A(99, FIXED), A(UNMAPPED, SEM_ARGUMENTS)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(5, SEM_NUMBERS), A(GETNCNT, SEM_COMMANDS), A(UNMAPPED, FIXED)}, 4);
  SWEEP_GOOD(semctl, A(-1, FIXED), A(0, FIXED), A(SEM_STAT, FIXED), A(DATA, SEM_ARGUMENTS));
  before_each = NULL;
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, FIXED), A(IPC_RMID, FIXED), A(0, FIXED)}, 4);
  sweep("semctl", SYS_semctl, GOOD, (const struct arg[]){id, A(0, FIXED), A(IPC_RMID, FIXED), A(0, FIXED)}, 4);
  sweep("semop", SYS_semop, VALUE, (const struct arg[]){id, A(AT(0), SEM_OPERATIONS), A(1, OPERATION_COUNTS)}, 3);
}

static void put_messages(void) {
  char drain[9000];
  put_operations();
  while (syscall(SYS_msgrcv, queue, drain, 8192, 0L, IPC_NOWAIT | MSG_NOERROR) >= 0) {
  }
  *(long *)AT(192) = 1, strcpy((char *)AT(200), "text");
  *(long *)AT(256) = 0;
  *(long *)AT(320) = -1;
  syscall(SYS_msgsnd, queue, AT(192), 4L, IPC_NOWAIT);
}

static void message_calls(void) {
  int missing_key = 0x7e57000;
  while (msgget(missing_key, 0) != -1) missing_key++;
  const struct arg get[] = {{"missing", missing_key, &FIXED}, A(0, GET_FLAGS)};
  sweep_case("msgget", SYS_msgget, GOOD, get, 2);
  queue = msgget(missing_key, IPC_CREAT | 0600);
  NEED(queue >= 0);
  sweep("msgget", SYS_msgget, GOOD, get, 2);
  const struct arg id = {"queue", queue, &IDS};
  before_each = put_messages;
  sweep("msgsnd", SYS_msgsnd, VALUE, (const struct arg[]){id, A(AT(192), MESSAGES), A(4, MESSAGE_SIZES), A(IPC_NOWAIT, FIXED)}, 4);
  sweep("msgrcv", SYS_msgrcv, VALUE,
        (const struct arg[]){id, A(DATA, MESSAGES), A(16, MESSAGE_SIZES), A(0, MESSAGE_TYPES), A(IPC_NOWAIT, RECEIVE_FLAGS)}, 5);
  sweep("msgrcv", SYS_msgrcv, VALUE,
        (const struct arg[]){id, A(DATA, MESSAGES), A(2, MESSAGE_SIZES), A(0, MESSAGE_TYPES), A(IPC_NOWAIT, RECEIVE_FLAGS)}, 5);
  sweep("msgctl", SYS_msgctl, GOOD, (const struct arg[]){id, A(IPC_STAT, FIXED), A(DATA, SEM_ARGUMENTS)}, 3);
  sweep("msgctl", SYS_msgctl, GOOD, (const struct arg[]){id, A(99, MSG_COMMANDS), A(UNMAPPED, FIXED)}, 3);
  sweep("msgctl", SYS_msgctl, GOOD, (const struct arg[]){id, A(IPC_SET, FIXED), A(UNMAPPED, SEM_ARGUMENTS)}, 3);
  before_each = NULL;
  sweep("msgctl", SYS_msgctl, GOOD, (const struct arg[]){id, A(IPC_RMID, FIXED), A(UNMAPPED, FIXED)}, 3);
  sweep("msgctl", SYS_msgctl, GOOD, (const struct arg[]){id, A(IPC_RMID, FIXED), A(UNMAPPED, FIXED)}, 3);
}

static void detach(void) { syscall(SYS_shmdt, BASE + 200 * PAGE); }

static void segment_calls(void) {
  int missing_key = 0x7e57000;
  while (shmget(missing_key, 0, 0) != -1) missing_key++;
  const struct arg get[] = {{"missing", missing_key, &FIXED}, A(8192, SHM_SIZES), A(0, GET_FLAGS)};
  sweep("shmget", SYS_shmget, GOOD, (const struct arg[]){get[0], A(8192, SHM_SIZES), A(0, FIXED)}, 3);
  sweep("shmget", SYS_shmget, GOOD, (const struct arg[]){get[0], A(0, FIXED), A(IPC_CREAT, GET_FLAGS)}, 3);
  sweep("shmget", SYS_shmget, GOOD, (const struct arg[]){get[0], A(-1, FIXED), A(IPC_CREAT, GET_FLAGS)}, 3);
  segment = shmget(missing_key, 8192, IPC_CREAT | 0600);
  NEED(segment >= 0);
  sweep("shmget", SYS_shmget, GOOD, get, 3);
  const struct arg id = {"segment", segment, &IDS};
  after_success = detach;
  sweep("shmat", SYS_shmat, GOOD, (const struct arg[]){id, A(BASE + 200 * PAGE, PLACES), A(0, SHM_FLAGS)}, 3);
  sweep("shmat", SYS_shmat, GOOD, (const struct arg[]){id, A(0, PLACES), A(0, SHM_FLAGS)}, 3);
  after_success = NULL;
  SWEEP(shmdt, A(BASE + 220 * PAGE, PLACES));
  sweep("shmctl", SYS_shmctl, GOOD, (const struct arg[]){id, A(IPC_STAT, FIXED), A(DATA, SEM_ARGUMENTS)}, 3);
  sweep("shmctl", SYS_shmctl, GOOD, (const struct arg[]){id, A(99, SHM_COMMANDS), A(UNMAPPED, FIXED)}, 3);
  sweep("shmctl", SYS_shmctl, GOOD, (const struct arg[]){id, A(IPC_SET, FIXED), A(UNMAPPED, SEM_ARGUMENTS)}, 3);
  sweep("shmctl", SYS_shmctl, GOOD, (const struct arg[]){id, A(IPC_RMID, FIXED), A(UNMAPPED, FIXED)}, 3);
  sweep("shmctl", SYS_shmctl, GOOD, (const struct arg[]){id, A(IPC_RMID, FIXED), A(UNMAPPED, FIXED)}, 3);
}

static char name[64], other_name[64];

static void put_attributes(void) {
  put_operations();
  for (int i = 0; i < 8; i++) {
    struct mq_attr *a = (void *)AT(500 + 64 * i);
    memset(a, 0, 64);
    a->mq_maxmsg = 4, a->mq_msgsize = 64;
  }
  ((struct mq_attr *)AT(564))->mq_maxmsg = 0;
  ((struct mq_attr *)AT(628))->mq_msgsize = -1;
  ((struct mq_attr *)AT(692))->mq_maxmsg = LONG_MAX;
  ((struct mq_attr *)AT(756))->mq_msgsize = LONG_MAX;
  ((struct mq_attr *)AT(820))->mq_maxmsg = 11;
  ((struct mq_attr *)AT(884))->mq_msgsize = 8193;
  for (int i = 0; i < 5; i++) {
    struct sigevent *e = (void *)AT(1000 + 64 * i);
    memset(e, 0, 64);
    e->sigev_notify = SIGEV_NONE;
  }
  ((struct sigevent *)AT(1064))->sigev_notify = 99;
  ((struct sigevent *)AT(1128))->sigev_notify = SIGEV_SIGNAL;
  ((struct sigevent *)AT(1128))->sigev_signo = 65;
  ((struct sigevent *)AT(1192))->sigev_notify = SIGEV_SIGNAL;
  ((struct sigevent *)AT(1192))->sigev_signo = 0;
  ((struct sigevent *)AT(1256))->sigev_notify = SIGEV_THREAD;
  ((struct sigevent *)AT(1256))->sigev_signo = CLOSED_FD;
  memset((void *)AT(1300), 0, 128);
  *(long *)AT(1300) = O_NONBLOCK;
  *(long *)AT(1364) = O_NONBLOCK | O_APPEND;
  char drain[64];
  syscall(SYS_mq_unlink, other_name);
  {
    struct timespec now = {0, 0};
    while (syscall(SYS_mq_timedreceive, QUEUE_FD, drain, 64L, NULL, &now) >= 0) {
    }
    syscall(SYS_mq_timedsend, QUEUE_FD, "one", 3L, 1, &now);
  }
  syscall(SYS_mq_notify, QUEUE_FD, NULL);
}

static void queue_calls(void) {
  snprintf(name, sizeof name, "sweep.%d", (int)getpid());
  snprintf(other_name, sizeof other_name, "sweep.other.%d", (int)getpid());
  syscall(SYS_mq_unlink, name);
  struct mq_attr four = {.mq_maxmsg = 4, .mq_msgsize = 64};
  place((int)syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &four), QUEUE_FD);
  place((int)syscall(SYS_mq_open, name, O_WRONLY | O_NONBLOCK, 0, NULL), QUEUE_WRITE_ONLY);
  place((int)syscall(SYS_mq_open, name, O_RDONLY | O_NONBLOCK, 0, NULL), QUEUE_READ_ONLY);
  before_each = put_attributes;
  sweep("mq_open", SYS_mq_open, DESCRIPTOR, (const struct arg[]){{"name", (long)name, &QUEUE_NAMES}, A(O_RDWR, QUEUE_FLAGS), A(0600, FIXED), A(NULL, FIXED)}, 4);
  sweep("mq_open", SYS_mq_open, DESCRIPTOR,
        (const struct arg[]){{"other", (long)other_name, &FIXED}, A(O_RDWR | O_CREAT, QUEUE_FLAGS), A(0600, FIXED), A(AT(500), QUEUE_ATTRIBUTES)}, 4);
  sweep("mq_unlink", SYS_mq_unlink, VALUE, (const struct arg[]){{"other", (long)other_name, &QUEUE_NAMES}}, 1);
  SWEEP(mq_timedsend, A(QUEUE_FD, QUEUES), A(DATA, GIVEN), A(3, QUEUE_SIZES), A(1, PRIORITIES), A(AT(100), SPECS));
  SWEEP(mq_timedreceive, A(QUEUE_FD, QUEUES), A(DATA, FILLED), A(64, QUEUE_SIZES), A(DATA + 64, PRIORITY_POINTERS), A(AT(100), SPECS));
  SWEEP(mq_notify, A(QUEUE_FD, QUEUES), A(AT(1000), NOTICES));
  SWEEP(mq_getsetattr, A(QUEUE_FD, QUEUES), A(AT(1300), SET_ATTRIBUTES), A(DATA, PRIORITY_POINTERS));
  before_each = NULL;
  syscall(SYS_mq_unlink, name);
  syscall(SYS_mq_unlink, other_name);
}

static void sweep_all(void) {
  put_operations();
  semaphore_calls();
  message_calls();
  segment_calls();
  queue_calls();
}
