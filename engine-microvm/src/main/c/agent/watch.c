/*
 * Two programs in the guest's kernel, one where system calls begin and one where they end, count calls, failures and
 * durations in an array that this process has mapped. They see the processes of the sandbox's pid namespace and nobody else.
 * Calls that never return (exit) are not counted.
 */
#include "watch.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "bpf.h"

#define MAX_THREADS 16384
#define MAX_ERRNO 4095

/* Of one call; what the programs write and this process reads. */
struct counted {
  uint64_t count, failures, nanos, longest;
  uint64_t buckets[BUCKETS];
};

/* Of a thread that is in a call. */
struct begun {
  uint64_t at;
  uint64_t number;
};

static struct counted *counts;

/* Frame: -8 the thread, -24 struct begun, -32 its numbers in the namespace. */
static int attach_begin(int threads, const struct stat *namespace) {
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the call's number */
  set_long(&p, BPF_REG_1, namespace->st_dev, 0);
  set_long(&p, BPF_REG_2, namespace->st_ino, 0);
  address_of(&p, BPF_REG_3, -32);
  set(&p, BPF_REG_4, 8);
  call(&p, BPF_FUNC_get_ns_current_pid_tgid);
  int ours = jump_if(&p, BPF_JEQ, BPF_REG_0, 0);
  leave(&p);
  land(&p, ours);
  call(&p, BPF_FUNC_get_current_pid_tgid);
  store(&p, BPF_REG_10, -8, BPF_REG_0);
  call(&p, BPF_FUNC_ktime_get_ns);
  store(&p, BPF_REG_10, -24, BPF_REG_0);
  store(&p, BPF_REG_10, -16, BPF_REG_6);
  set_map(&p, BPF_REG_1, threads);
  address_of(&p, BPF_REG_2, -8);
  address_of(&p, BPF_REG_3, -24);
  set(&p, BPF_REG_4, BPF_ANY);
  call(&p, BPF_FUNC_map_update_elem);
  leave(&p);
  return attach(&p, "sys_enter");
}

/* Frame: -8 the thread, -16 the call's number as a key. */
static int attach_end(int threads, int calls) {
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the result */
  call(&p, BPF_FUNC_get_current_pid_tgid);
  store(&p, BPF_REG_10, -8, BPF_REG_0);
  set_map(&p, BPF_REG_1, threads);
  address_of(&p, BPF_REG_2, -8);
  call(&p, BPF_FUNC_map_lookup_elem);
  int found = jump_if(&p, BPF_JNE, BPF_REG_0, 0);
  leave(&p);
  land(&p, found);
  load(&p, BPF_REG_7, BPF_REG_0, offsetof(struct begun, at));
  load(&p, BPF_REG_8, BPF_REG_0, offsetof(struct begun, number));
  int in_a_call = jump_if(&p, BPF_JNE, BPF_REG_7, 0);
  leave(&p);
  land(&p, in_a_call);
  set(&p, BPF_REG_1, 0);
  store(&p, BPF_REG_0, offsetof(struct begun, at), BPF_REG_1);
  call(&p, BPF_FUNC_ktime_get_ns);
  calculate_with(&p, BPF_SUB, BPF_REG_0, BPF_REG_7);
  move(&p, BPF_REG_7, BPF_REG_0); /* how long it took */
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_8, -16, 0);
  set_map(&p, BPF_REG_1, calls);
  address_of(&p, BPF_REG_2, -16);
  call(&p, BPF_FUNC_map_lookup_elem);
  int known = jump_if(&p, BPF_JNE, BPF_REG_0, 0);
  leave(&p);
  land(&p, known);
  set(&p, BPF_REG_1, 1);
  add_to(&p, BPF_REG_0, offsetof(struct counted, count), BPF_REG_1);
  add_to(&p, BPF_REG_0, offsetof(struct counted, nanos), BPF_REG_7);
  /* Unsigned, errnos are the greatest numbers. */
  move(&p, BPF_REG_2, BPF_REG_6);
  calculate(&p, BPF_ADD, BPF_REG_2, MAX_ERRNO);
  set(&p, BPF_REG_3, MAX_ERRNO);
  emit(&p, BPF_JMP | BPF_JGE | BPF_X, BPF_REG_2, BPF_REG_3, 1, 0);
  add_to(&p, BPF_REG_0, offsetof(struct counted, failures), BPF_REG_1);
  load(&p, BPF_REG_2, BPF_REG_0, offsetof(struct counted, longest));
  emit(&p, BPF_JMP | BPF_JGE | BPF_X, BPF_REG_2, BPF_REG_7, 1, 0);
  store(&p, BPF_REG_0, offsetof(struct counted, longest), BPF_REG_7);
  /* r3: the place of the highest bit; r4: what is left of the duration while it is looked for. */
  set(&p, BPF_REG_3, 0);
  move(&p, BPF_REG_4, BPF_REG_7);
  for (int bits = 32; bits > 0; bits /= 2) {
    move(&p, BPF_REG_5, BPF_REG_4);
    calculate(&p, BPF_RSH, BPF_REG_5, bits);
    int less = jump_if(&p, BPF_JEQ, BPF_REG_5, 0);
    calculate(&p, BPF_ADD, BPF_REG_3, bits);
    move(&p, BPF_REG_4, BPF_REG_5);
    land(&p, less);
  }
  /* r5: the bucket. */
  move(&p, BPF_REG_5, BPF_REG_7);
  int exact = jump_if(&p, BPF_JLT, BPF_REG_3, 4);
  calculate(&p, BPF_SUB, BPF_REG_3, 4);
  calculate_with(&p, BPF_RSH, BPF_REG_5, BPF_REG_3);
  calculate(&p, BPF_AND, BPF_REG_5, STEPS - 1);
  calculate(&p, BPF_ADD, BPF_REG_3, 1);
  calculate(&p, BPF_MUL, BPF_REG_3, STEPS);
  calculate_with(&p, BPF_ADD, BPF_REG_5, BPF_REG_3);
  land(&p, exact);
  int fits = jump_if(&p, BPF_JLT, BPF_REG_5, BUCKETS);
  set(&p, BPF_REG_5, BUCKETS - 1);
  land(&p, fits);
  calculate(&p, BPF_MUL, BPF_REG_5, 8);
  calculate_with(&p, BPF_ADD, BPF_REG_0, BPF_REG_5);
  add_to(&p, BPF_REG_0, offsetof(struct counted, buckets), BPF_REG_1);
  leave(&p);
  return attach(&p, "sys_exit");
}

int watch_start(int pid_namespace) {
  struct stat namespace;
  if (counts != NULL) return 0;
  if (fstat(pid_namespace, &namespace) != 0) return errno;
  int threads = make_map(BPF_MAP_TYPE_LRU_HASH, sizeof(uint64_t), sizeof(struct begun), MAX_THREADS, 0);
  int calls = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct counted), MAX_CALLS, BPF_F_MMAPABLE);
  if (threads < 0 || calls < 0) return errno;
  void *at = mmap(NULL, sizeof(struct counted) * MAX_CALLS, PROT_READ, MAP_SHARED, calls, 0);
  if (at == MAP_FAILED) return errno;
  int begin = attach_begin(threads, &namespace), end = begin < 0 ? -1 : attach_end(threads, calls);
  int error = errno;
  close(threads);
  close(calls);
  if (end < 0) {
    if (begin >= 0) close(begin);
    munmap(at, sizeof(struct counted) * MAX_CALLS);
    return error;
  }
  counts = at;
  return 0;
}

bool watch_send(void) {
  /* Where it goes on: what there is no room for now waits. */
  static uint32_t at;
  static struct __attribute__((packed)) {
    uint32_t number;
    uint64_t count, failures, nanos, longest;
    struct __attribute__((packed)) {
      uint16_t bucket;
      uint64_t count;
    } buckets[BUCKETS];
  } frame;
  for (; counts != NULL && at < MAX_CALLS; at++) {
    volatile struct counted *c = &counts[at];
    size_t used = 0;
    if (c->count == 0) continue;
    if (channel_full()) return false;
    frame.number = at;
    frame.count = c->count;
    frame.failures = c->failures;
    frame.nanos = c->nanos;
    frame.longest = c->longest;
    for (uint16_t b = 0; b < BUCKETS; b++) {
      uint64_t n = c->buckets[b];
      if (n == 0) continue;
      frame.buckets[used].bucket = b;
      frame.buckets[used++].count = n;
    }
    channel_send(CALLS, 0, &frame, offsetof(__typeof__(frame), buckets) + used * sizeof frame.buckets[0], NULL, 0);
  }
  at = 0;
  return true;
}
