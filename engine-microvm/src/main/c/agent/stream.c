/*
 * Two programs in the guest's kernel, one where system calls begin and one where they end, put each call into a ring that this
 * process empties some fifty times a second. What finds no room there is counted as lost. They are there only while somebody
 * looks, and see the processes of the sandbox's pid namespace and nobody else.
 *
 * A path is read where its call ends, since until the call has read it its page may not be there; that of a new program where
 * the call begins, since afterwards it is gone.
 */
#include "stream.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "bpf.h"

#define RING_BYTES (512 << 10)
#define MAX_THREADS 16384
#define MAX_NUMBERS 512
#define PATH_BYTES 128
#define FRAME_BYTES 32768
#define PAGE 4096
#define AT_BEGIN 8

/* Where the kernel keeps r10, r9, r8, ax, cx, dx, si and di of a thread that is in a call: struct pt_regs. */
#define REGISTERS_AT 56
#define REGISTERS 8
enum { R10, R9, R8, AX, CX, DX, SI, DI };

/* A call, as the programs write it. */
struct seen {
  uint64_t begin, duration, result;
  uint32_t tid, pid;
  uint64_t number, returned;
  uint64_t registers[REGISTERS];
  int64_t path_length; /* with its NUL; at most 0: none */
  char path[PATH_BYTES];
};

static const struct {
  uint16_t number, state;
} with_path[] = {
    {2, FIRST_PATH},    {4, FIRST_PATH},    {6, FIRST_PATH},    {21, FIRST_PATH},   {59, FIRST_PATH | AT_BEGIN},
    {76, FIRST_PATH},   {80, FIRST_PATH},   {82, FIRST_PATH},   {83, FIRST_PATH},   {84, FIRST_PATH},
    {85, FIRST_PATH},   {86, FIRST_PATH},   {87, FIRST_PATH},   {88, FIRST_PATH},   {89, FIRST_PATH},
    {90, FIRST_PATH},   {92, FIRST_PATH},   {94, FIRST_PATH},   {133, FIRST_PATH},  {137, FIRST_PATH},
    {161, FIRST_PATH},  {165, FIRST_PATH},  {166, FIRST_PATH},  {257, SECOND_PATH}, {258, SECOND_PATH},
    {259, SECOND_PATH}, {260, SECOND_PATH}, {262, SECOND_PATH}, {263, SECOND_PATH}, {264, SECOND_PATH},
    {265, SECOND_PATH}, {266, FIRST_PATH},  {267, SECOND_PATH}, {268, SECOND_PATH}, {269, SECOND_PATH},
    {280, SECOND_PATH}, {316, SECOND_PATH}, {322, SECOND_PATH | AT_BEGIN}, {332, SECOND_PATH}, {437, SECOND_PATH},
    {439, SECOND_PATH},
};

static const int never_return[] = {60, 231}; /* exit, exit_group */

static uint32_t path_states[MAX_NUMBERS];
static int begin_link = -1, end_link = -1;
static struct {
  uint8_t *consumer, *producer; /* as the kernel maps a ring: a page of ours, one of its own, and the data twice */
  volatile uint64_t *lost;
} ring;

/* Reads the path into *(to + offset) and its length before it, if the number's state, in r8, says so; the registers are at from. */
static void emit_read_path(struct program *p, int to, int to_offset, int from, int from_offset) {
  load(p, BPF_REG_3, from, from_offset + DI * 8);
  move(p, BPF_REG_4, BPF_REG_8);
  calculate(p, BPF_AND, BPF_REG_4, SECOND_PATH);
  int is_first = jump_if(p, BPF_JEQ, BPF_REG_4, 0);
  load(p, BPF_REG_3, from, from_offset + SI * 8);
  land(p, is_first);
  move(p, BPF_REG_1, to);
  calculate(p, BPF_ADD, BPF_REG_1, to_offset + (int)offsetof(struct seen, path));
  set(p, BPF_REG_2, PATH_BYTES);
  call(p, BPF_FUNC_probe_read_user_str);
  store(p, to, to_offset + (int)offsetof(struct seen, path_length), BPF_REG_0);
}

/* Leaves unless there is such an element; r8 becomes the first four bytes of it. Frame: key, the number. */
static int emit_path_state(struct program *p, int states, int key) {
  set_map(p, BPF_REG_1, states);
  address_of(p, BPF_REG_2, key);
  call(p, BPF_FUNC_map_lookup_elem);
  set(p, BPF_REG_8, 0);
  int unknown = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_8, BPF_REG_0, 0, 0);
  return unknown;
}

/* Puts the record whose address is in r2 into the ring, or counts it as lost. Frame: key. */
static void emit_output(struct program *p, int output, int lost, int key) {
  set_map(p, BPF_REG_1, output);
  set(p, BPF_REG_3, sizeof(struct seen));
  set(p, BPF_REG_4, BPF_RB_NO_WAKEUP);
  call(p, BPF_FUNC_ringbuf_output);
  int sent = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  set(p, BPF_REG_1, 0);
  emit(p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_1, key, 0);
  set_map(p, BPF_REG_1, lost);
  address_of(p, BPF_REG_2, key);
  call(p, BPF_FUNC_map_lookup_elem);
  int none = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  set(p, BPF_REG_1, 1);
  add_to(p, BPF_REG_0, 0, BPF_REG_1);
  land(p, none);
  land(p, sent);
}

/* Frame: -8 the thread or a key, RECORD struct seen. */
static int attach_begin(int threads, int states, int output, int lost, const struct stat *namespace) {
  enum { RECORD = -8 - (int)sizeof(struct seen) };
  struct program p = {.length = 0};
  load(&p, BPF_REG_7, BPF_REG_1, 0); /* the registers */
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the call's number */
  set(&p, BPF_REG_1, 0);
  for (int at = RECORD; at < 0; at += 8) store(&p, BPF_REG_10, at, BPF_REG_1);
  set_long(&p, BPF_REG_1, namespace->st_dev, 0);
  set_long(&p, BPF_REG_2, namespace->st_ino, 0);
  address_of(&p, BPF_REG_3, RECORD + (int)offsetof(struct seen, tid));
  set(&p, BPF_REG_4, 8);
  call(&p, BPF_FUNC_get_ns_current_pid_tgid);
  int ours = jump_if(&p, BPF_JEQ, BPF_REG_0, 0);
  leave(&p);
  land(&p, ours);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, number), BPF_REG_6);
  address_of(&p, BPF_REG_1, RECORD + (int)offsetof(struct seen, registers));
  set(&p, BPF_REG_2, REGISTERS * 8);
  move(&p, BPF_REG_3, BPF_REG_7);
  calculate(&p, BPF_ADD, BPF_REG_3, REGISTERS_AT);
  call(&p, BPF_FUNC_probe_read_kernel);
  call(&p, BPF_FUNC_ktime_get_ns);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, begin), BPF_REG_0);
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_6, -8, 0);
  int unknown = emit_path_state(&p, states, -8);
  move(&p, BPF_REG_1, BPF_REG_8);
  calculate(&p, BPF_AND, BPF_REG_1, AT_BEGIN);
  int later = jump_if(&p, BPF_JEQ, BPF_REG_1, 0);
  emit_read_path(&p, BPF_REG_10, RECORD, BPF_REG_10, RECORD + (int)offsetof(struct seen, registers));
  land(&p, later);
  land(&p, unknown);
  for (size_t i = 0; i < sizeof never_return / sizeof *never_return; i++) {
    int other = jump_if(&p, BPF_JNE, BPF_REG_6, never_return[i]);
    address_of(&p, BPF_REG_2, RECORD);
    emit_output(&p, output, lost, -8);
    leave(&p);
    land(&p, other);
  }
  call(&p, BPF_FUNC_get_current_pid_tgid);
  store(&p, BPF_REG_10, -8, BPF_REG_0);
  set_map(&p, BPF_REG_1, threads);
  address_of(&p, BPF_REG_2, -8);
  address_of(&p, BPF_REG_3, RECORD);
  set(&p, BPF_REG_4, BPF_ANY);
  call(&p, BPF_FUNC_map_update_elem);
  leave(&p);
  return attach(&p, "sys_enter");
}

/* Frame: -8 the thread, -16 a key. */
static int attach_end(int threads, int states, int output, int lost) {
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
  move(&p, BPF_REG_9, BPF_REG_0);
  call(&p, BPF_FUNC_ktime_get_ns);
  load(&p, BPF_REG_7, BPF_REG_9, offsetof(struct seen, begin));
  calculate_with(&p, BPF_SUB, BPF_REG_0, BPF_REG_7);
  store(&p, BPF_REG_9, offsetof(struct seen, duration), BPF_REG_0);
  store(&p, BPF_REG_9, offsetof(struct seen, result), BPF_REG_6);
  set(&p, BPF_REG_1, 1);
  store(&p, BPF_REG_9, offsetof(struct seen, returned), BPF_REG_1);
  load(&p, BPF_REG_7, BPF_REG_9, offsetof(struct seen, number));
  set(&p, BPF_REG_1, 0);
  store(&p, BPF_REG_10, -16, BPF_REG_1);
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_7, -16, 0);
  int unknown = emit_path_state(&p, states, -16);
  int none = jump_if(&p, BPF_JEQ, BPF_REG_8, 0);
  move(&p, BPF_REG_1, BPF_REG_8);
  calculate(&p, BPF_AND, BPF_REG_1, AT_BEGIN);
  int before = jump_if(&p, BPF_JNE, BPF_REG_1, 0);
  emit_read_path(&p, BPF_REG_9, 0, BPF_REG_9, offsetof(struct seen, registers));
  land(&p, before);
  land(&p, none);
  land(&p, unknown);
  move(&p, BPF_REG_2, BPF_REG_9);
  emit_output(&p, output, lost, -16);
  set_map(&p, BPF_REG_1, threads);
  address_of(&p, BPF_REG_2, -8);
  call(&p, BPF_FUNC_map_delete_elem);
  leave(&p);
  return attach(&p, "sys_exit");
}

static void unmap(void) {
  if (ring.consumer != NULL) munmap(ring.consumer, PAGE);
  if (ring.producer != NULL) munmap(ring.producer, PAGE + 2 * RING_BYTES);
  if (ring.lost != NULL) munmap((void *)ring.lost, PAGE);
  memset(&ring, 0, sizeof ring);
}

static void *map(size_t size, int protection, int of, off_t at) {
  void *mapped = mmap(NULL, size, protection, MAP_SHARED, of, at);
  return mapped == MAP_FAILED ? NULL : mapped;
}

static int begin(const struct stat *namespace) {
  int threads = make_map(BPF_MAP_TYPE_LRU_HASH, sizeof(uint64_t), sizeof(struct seen), MAX_THREADS, 0);
  int states = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint32_t), MAX_NUMBERS, 0);
  int output = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0);
  int lost = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1, BPF_F_MMAPABLE);
  bool ok = threads >= 0 && states >= 0 && output >= 0 && lost >= 0;
  for (size_t i = 0; ok && i < sizeof with_path / sizeof *with_path; i++) {
    path_states[with_path[i].number] = with_path[i].state;
    ok = set_element(states, with_path[i].number, &path_states[with_path[i].number]) == 0;
  }
  ok = ok && (ring.consumer = map(PAGE, PROT_READ | PROT_WRITE, output, 0)) != NULL &&
       (ring.producer = map(PAGE + 2 * RING_BYTES, PROT_READ, output, PAGE)) != NULL && (ring.lost = map(PAGE, PROT_READ, lost, 0)) != NULL;
  ok = ok && (end_link = attach_end(threads, states, output, lost)) >= 0 &&
       (begin_link = attach_begin(threads, states, output, lost, namespace)) >= 0;
  int error = ok ? 0 : errno;
  int maps[] = {threads, states, output, lost};
  for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
    if (maps[i] >= 0) close(maps[i]);
  return error;
}

int stream_calls(int pid_namespace) {
  struct stat namespace;
  if (pid_namespace >= 0 && stream_is_on()) return 0;
  int error = pid_namespace < 0 ? 0 : fstat(pid_namespace, &namespace) != 0 ? errno : begin(&namespace);
  if (pid_namespace >= 0 && error == 0) return 0;
  stream_send();
  if (begin_link >= 0) close(begin_link);
  if (end_link >= 0) close(end_link);
  begin_link = end_link = -1;
  unmap();
  return error;
}

bool stream_is_on(void) { return begin_link >= 0; }

/* As EVENTS has it; how many bytes. */
static size_t write_event(uint8_t *to, const struct seen *seen) {
  struct __attribute__((packed)) {
    uint64_t begin, duration, result;
    uint32_t tid, pid, number, returned;
    uint64_t arguments[6];
    uint16_t length, path;
  } event = {.begin = seen->begin,
             .duration = seen->duration,
             .result = seen->result,
             .tid = seen->tid,
             .pid = seen->pid,
             .number = (uint32_t)seen->number,
             .returned = (uint32_t)seen->returned};
  static const int order[] = {DI, SI, DX, R10, R8, R9};
  for (int i = 0; i < 6; i++) event.arguments[i] = seen->registers[order[i]];
  if (seen->path_length > 0 && seen->path_length <= PATH_BYTES && seen->number < MAX_NUMBERS) {
    event.length = (uint16_t)(seen->path_length - 1);
    event.path = (uint16_t)(path_states[seen->number] & (FIRST_PATH | SECOND_PATH)) | (seen->path_length == PATH_BYTES ? CUT_PATH : 0);
  }
  memcpy(to, &event, sizeof event);
  memcpy(to + sizeof event, seen->path, event.length);
  return sizeof event + event.length;
}

void stream_send(void) {
  static uint8_t frame[FRAME_BYTES];
  static uint64_t told;
  if (ring.consumer == NULL) return;
  uint64_t *consumer = (uint64_t *)ring.consumer, *producer = (uint64_t *)ring.producer;
  const uint8_t *data = ring.producer + PAGE;
  uint64_t at = *consumer;
  bool more = true;
  while (more && !channel_full()) {
    struct timespec clock;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    uint64_t head[2] = {(uint64_t)clock.tv_sec * 1000000000 + (uint64_t)clock.tv_nsec, *ring.lost};
    size_t length = sizeof head;
    memcpy(frame, head, sizeof head);
    while ((more = at < __atomic_load_n(producer, __ATOMIC_ACQUIRE)) && length + 2 * sizeof(struct seen) < sizeof frame) {
      uint32_t size = __atomic_load_n((const uint32_t *)(data + (at & (RING_BYTES - 1))), __ATOMIC_ACQUIRE);
      /* Still being written. */
      if (size & BPF_RINGBUF_BUSY_BIT) {
        more = false;
        break;
      }
      if ((size & BPF_RINGBUF_DISCARD_BIT) == 0 && size >= sizeof(struct seen))
        length += write_event(frame + length, (const struct seen *)(data + (at & (RING_BYTES - 1)) + BPF_RINGBUF_HDR_SZ));
      at += ((size & ~(BPF_RINGBUF_DISCARD_BIT | BPF_RINGBUF_BUSY_BIT)) + BPF_RINGBUF_HDR_SZ + 7) & ~7U;
      __atomic_store_n(consumer, at, __ATOMIC_RELEASE);
    }
    if (length > sizeof head || head[1] != told) channel_send(EVENTS, 0, frame, length, NULL, 0);
    told = head[1];
  }
}
