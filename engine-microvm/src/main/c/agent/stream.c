/*
 * Two programs in the guest's kernel, one where system calls begin and one where they end, put each call into a ring that this
 * process empties some fifty times a second. What finds no room there is counted as lost. They are there only while somebody
 * looks, and see the processes of the sandbox's pid namespace and nobody else.
 *
 * A path is read where its call ends, since until the call has read it its page may not be there; that of a new program where
 * the call begins, since afterwards it is gone.
 *
 * Three more tell of processes that begin, have a new program, and end. What they need of the kernel's structs its own types say
 * (btf.h); where a kernel has none, system calls alone are told of.
 */
#include "stream.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "bpf.h"
#include "btf.h"

#define RING_BYTES (512 << 10)
#define MAX_THREADS 8192
#define MAX_NUMBERS 512
#define ARGUMENT_BYTES 512
#define FRAME_BYTES 32768
#define PAGE 4096

/* Where the kernel keeps r10, r9, r8, ax, cx, dx, si and di of a thread that is in a call: struct pt_regs. */
#define REGISTERS_AT 56
#define REGISTERS 8
enum { R10, R9, R8, AX, CX, DX, SI, DI };

/* A text of a call's, or the bytes that an argument points to; of a text the length is with its NUL, and at most 0 is none. */
struct text {
  int64_t length;
  char bytes[TEXT_BYTES];
};

/* What happened, as the programs write it: a call, or in the life of a process; the second text only where there is one. */
struct seen {
  uint64_t begin, duration, result;
  uint32_t tid, pid;
  uint64_t number, what; /* enum event_kind */
  uint64_t registers[REGISTERS];
  struct text text, second;
};
#define SEEN_BYTES offsetof(struct seen, second)

/* A new program: its arguments come instead of a second text, as the process itself has them. */
struct seen_program {
  struct seen seen; /* but for its second text */
  char more[ARGUMENT_BYTES - TEXT_BYTES];
};
#define MAX_SEEN sizeof(struct seen_program)

/* Which arguments of a call are texts: the first's number, the second's and whether there is one, and how they are read. */
#define SECOND(argument) (((argument) << 4) | HAS_SECOND)
#define HAS_FIRST 8
#define HAS_SECOND 128
#define AT_BEGIN 256
#define AN_ADDRESS 512 /* not a text, but as many bytes as the next argument says */
#define FIRST(argument) ((argument) | HAS_FIRST)

static const struct {
  uint16_t number, texts;
} with_text[] = {
    {2, FIRST(0)},    {4, FIRST(0)},    {6, FIRST(0)},    {21, FIRST(0)},   {42, FIRST(1) | AN_ADDRESS},
    {44, FIRST(4) | AN_ADDRESS},        {49, FIRST(1) | AN_ADDRESS},        {59, FIRST(0) | AT_BEGIN},
    {76, FIRST(0)},   {80, FIRST(0)},   {82, FIRST(0) | SECOND(1)},         {83, FIRST(0)},   {84, FIRST(0)},
    {85, FIRST(0)},   {86, FIRST(0) | SECOND(1)},         {87, FIRST(0)},   {88, FIRST(0) | SECOND(1)},
    {89, FIRST(0)},   {90, FIRST(0)},   {92, FIRST(0)},   {94, FIRST(0)},   {133, FIRST(0)},  {137, FIRST(0)},
    {161, FIRST(0)},  {165, FIRST(0) | SECOND(1)},        {166, FIRST(0)},  {188, FIRST(0) | SECOND(1)},
    {189, FIRST(0) | SECOND(1)},        {190, FIRST(1)},  {257, FIRST(1)},  {258, FIRST(1)},  {259, FIRST(1)},
    {260, FIRST(1)},  {262, FIRST(1)},  {263, FIRST(1)},  {264, FIRST(1) | SECOND(3)},        {265, FIRST(1) | SECOND(3)},
    {266, FIRST(0) | SECOND(2)},        {267, FIRST(1)},  {268, FIRST(1)},  {269, FIRST(1)},  {280, FIRST(1)},
    {316, FIRST(1) | SECOND(3)},        {322, FIRST(1) | AT_BEGIN},         {332, FIRST(1)},  {437, FIRST(1)},  {439, FIRST(1)},
    {452, FIRST(1)},
};

static const int never_return[] = {60, 231}; /* exit, exit_group */

/* What the programs share: threads that are in a call; the texts of calls; where they write; how much found no room there. */
enum { THREADS, TEXTS, OUTPUT_RING, LOST, MAPS };

static uint32_t texts[MAX_NUMBERS];
/* The programs, where they are attached: calls' ends and begins; new processes, new programs, ends of processes. */
enum { CALLS_END, CALLS_BEGIN, PROCESSES, PROGRAMS, ENDS, LINKS };
static int links[LINKS] = {-1, -1, -1, -1, -1};
static struct {
  uint8_t *consumer, *producer; /* as the kernel maps a ring: a page of ours, one of its own, and the data twice */
  volatile uint64_t *lost;
} ring;

/* What an argument of a call is, into a register; its number is in another, and the registers are at from. */
static void emit_argument(struct program *p, int to, int number, int from, int from_offset) {
  static const int order[] = {DI, SI, DX, R10, R8, R9};
  for (int i = 0; i < 6; i++) {
    int other = jump_if(p, BPF_JNE, number, i);
    load(p, to, from, from_offset + order[i] * 8);
    land(p, other);
  }
}

/* Reads a text of a call into the struct text at (to + offset): the one whose argument's number the bits of r8 from shift on say. */
static void emit_read_text(struct program *p, int to, int offset, int shift, int from, int from_offset) {
  set(p, BPF_REG_3, 0);
  move(p, BPF_REG_4, BPF_REG_8);
  calculate(p, BPF_RSH, BPF_REG_4, shift);
  calculate(p, BPF_AND, BPF_REG_4, 7);
  emit_argument(p, BPF_REG_3, BPF_REG_4, from, from_offset);
  move(p, BPF_REG_1, to);
  calculate(p, BPF_ADD, BPF_REG_1, offset + (int)offsetof(struct text, bytes));
  set(p, BPF_REG_2, TEXT_BYTES);
  call(p, BPF_FUNC_probe_read_user_str);
  store(p, to, offset + (int)offsetof(struct text, length), BPF_REG_0);
}

/* Reads the address of a socket that the first of the texts in r8 is, as long as the argument behind it says. */
static void emit_read_address(struct program *p, int to, int offset, int from, int from_offset) {
  set(p, BPF_REG_2, 0);
  set(p, BPF_REG_3, 0);
  move(p, BPF_REG_4, BPF_REG_8);
  calculate(p, BPF_AND, BPF_REG_4, 7);
  emit_argument(p, BPF_REG_3, BPF_REG_4, from, from_offset);
  calculate(p, BPF_ADD, BPF_REG_4, 1);
  emit_argument(p, BPF_REG_2, BPF_REG_4, from, from_offset);
  int fits = jump_if(p, BPF_JLE, BPF_REG_2, TEXT_BYTES);
  set(p, BPF_REG_2, TEXT_BYTES);
  land(p, fits);
  store(p, to, offset + (int)offsetof(struct text, length), BPF_REG_2);
  move(p, BPF_REG_1, to);
  calculate(p, BPF_ADD, BPF_REG_1, offset + (int)offsetof(struct text, bytes));
  call(p, BPF_FUNC_probe_read_user);
  int read = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  set(p, BPF_REG_1, 0);
  store(p, to, offset + (int)offsetof(struct text, length), BPF_REG_1);
  land(p, read);
}

/* Both texts of a call that r8 says, into the record at (to + offset). */
static void emit_read_texts(struct program *p, int to, int offset, int from, int from_offset) {
  int text = offset + (int)offsetof(struct seen, text), second = offset + (int)offsetof(struct seen, second);
  move(p, BPF_REG_1, BPF_REG_8);
  calculate(p, BPF_AND, BPF_REG_1, AN_ADDRESS);
  int not_address = jump_if(p, BPF_JEQ, BPF_REG_1, 0);
  emit_read_address(p, to, text, from, from_offset);
  calculate(p, BPF_AND, BPF_REG_8, AN_ADDRESS);
  land(p, not_address);
  move(p, BPF_REG_1, BPF_REG_8);
  calculate(p, BPF_AND, BPF_REG_1, HAS_FIRST);
  int no_first = jump_if(p, BPF_JEQ, BPF_REG_1, 0);
  emit_read_text(p, to, text, 0, from, from_offset);
  land(p, no_first);
  move(p, BPF_REG_1, BPF_REG_8);
  calculate(p, BPF_AND, BPF_REG_1, HAS_SECOND);
  int no_second = jump_if(p, BPF_JEQ, BPF_REG_1, 0);
  emit_read_text(p, to, second, 4, from, from_offset);
  land(p, no_second);
}

/* Leaves r8 as 0 unless there is such an element: then the first four bytes of it. Frame: key, the number. */
static void emit_texts_of(struct program *p, int map, int key) {
  set_map(p, BPF_REG_1, map);
  address_of(p, BPF_REG_2, key);
  call(p, BPF_FUNC_map_lookup_elem);
  set(p, BPF_REG_8, 0);
  int unknown = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_8, BPF_REG_0, 0, 0);
  land(p, unknown);
}

/* Counts one as lost if r0, the result of a helper, is not zero. Frame: key. */
static void emit_count_lost(struct program *p, int lost, int key) {
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

/* Puts so many bytes of the record whose address is in r2 into the ring, or counts it as lost. Frame: key. */
static void emit_output(struct program *p, int output, int lost, int size, int key) {
  set_map(p, BPF_REG_1, output);
  set(p, BPF_REG_3, size);
  set(p, BPF_REG_4, BPF_RB_NO_WAKEUP);
  call(p, BPF_FUNC_ringbuf_output);
  emit_count_lost(p, lost, key);
}

/* Leaves the program unless it is in the namespace; else the numbers of its thread and process are in the frame at where. */
static void emit_ours(struct program *p, const struct stat *namespace, int where) {
  set_long(p, BPF_REG_1, namespace->st_dev, 0);
  set_long(p, BPF_REG_2, namespace->st_ino, 0);
  address_of(p, BPF_REG_3, where);
  set(p, BPF_REG_4, 8);
  call(p, BPF_FUNC_get_ns_current_pid_tgid);
  int ours = jump_if(p, BPF_JEQ, BPF_REG_0, 0);
  leave(p);
  land(p, ours);
}

static void emit_now(struct program *p, int where) {
  call(p, BPF_FUNC_ktime_get_ns);
  store(p, BPF_REG_10, where, BPF_REG_0);
}

/* Frame: -8 the thread or a key, RECORD struct seen. */
static int attach_begin(const int *maps, const struct stat *namespace) {
  enum { RECORD = -8 - (int)sizeof(struct seen) };
  struct program p = {.length = 0};
  load(&p, BPF_REG_7, BPF_REG_1, 0); /* the registers */
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the call's number */
  set(&p, BPF_REG_1, 0);
  for (int at = RECORD; at < 0; at += 8) store(&p, BPF_REG_10, at, BPF_REG_1);
  emit_ours(&p, namespace, RECORD + (int)offsetof(struct seen, tid));
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, number), BPF_REG_6);
  address_of(&p, BPF_REG_1, RECORD + (int)offsetof(struct seen, registers));
  set(&p, BPF_REG_2, REGISTERS * 8);
  move(&p, BPF_REG_3, BPF_REG_7);
  calculate(&p, BPF_ADD, BPF_REG_3, REGISTERS_AT);
  call(&p, BPF_FUNC_probe_read_kernel);
  emit_now(&p, RECORD + (int)offsetof(struct seen, begin));
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_6, -8, 0);
  emit_texts_of(&p, maps[TEXTS], -8);
  move(&p, BPF_REG_1, BPF_REG_8);
  calculate(&p, BPF_AND, BPF_REG_1, AT_BEGIN);
  int later = jump_if(&p, BPF_JEQ, BPF_REG_1, 0);
  emit_read_text(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, text), 0, BPF_REG_10, RECORD + (int)offsetof(struct seen, registers));
  land(&p, later);
  for (size_t i = 0; i < sizeof never_return / sizeof *never_return; i++) {
    int other = jump_if(&p, BPF_JNE, BPF_REG_6, never_return[i]);
    address_of(&p, BPF_REG_2, RECORD);
    emit_output(&p, maps[OUTPUT_RING], maps[LOST], SEEN_BYTES, -8);
    leave(&p);
    land(&p, other);
  }
  call(&p, BPF_FUNC_get_current_pid_tgid);
  store(&p, BPF_REG_10, -8, BPF_REG_0);
  set_map(&p, BPF_REG_1, maps[THREADS]);
  address_of(&p, BPF_REG_2, -8);
  address_of(&p, BPF_REG_3, RECORD);
  set(&p, BPF_REG_4, BPF_ANY);
  call(&p, BPF_FUNC_map_update_elem);
  leave(&p);
  return attach(&p, "sys_enter");
}

/* Frame: -8 the thread, -16 a key. */
static int attach_end(const int *maps) {
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the result */
  call(&p, BPF_FUNC_get_current_pid_tgid);
  store(&p, BPF_REG_10, -8, BPF_REG_0);
  set_map(&p, BPF_REG_1, maps[THREADS]);
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
  set(&p, BPF_REG_1, CALL_RETURNED);
  store(&p, BPF_REG_9, offsetof(struct seen, what), BPF_REG_1);
  load(&p, BPF_REG_7, BPF_REG_9, offsetof(struct seen, number));
  set(&p, BPF_REG_1, 0);
  store(&p, BPF_REG_10, -16, BPF_REG_1);
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_10, BPF_REG_7, -16, 0);
  emit_texts_of(&p, maps[TEXTS], -16);
  move(&p, BPF_REG_1, BPF_REG_8);
  calculate(&p, BPF_AND, BPF_REG_1, AT_BEGIN);
  int before = jump_if(&p, BPF_JNE, BPF_REG_1, 0);
  emit_read_texts(&p, BPF_REG_9, 0, BPF_REG_9, offsetof(struct seen, registers));
  land(&p, before);
  move(&p, BPF_REG_2, BPF_REG_9);
  calculate(&p, BPF_AND, BPF_REG_8, HAS_SECOND);
  int one = jump_if(&p, BPF_JEQ, BPF_REG_8, 0);
  emit_output(&p, maps[OUTPUT_RING], maps[LOST], sizeof(struct seen), -16);
  int both = jump(&p);
  land(&p, one);
  emit_output(&p, maps[OUTPUT_RING], maps[LOST], SEEN_BYTES, -16);
  land(&p, both);
  set_map(&p, BPF_REG_1, maps[THREADS]);
  address_of(&p, BPF_REG_2, -8);
  call(&p, BPF_FUNC_map_delete_elem);
  leave(&p);
  return attach(&p, "sys_exit");
}

/* What is at (from + place) in the kernel, into a register; so many bytes of it. Frame: key. */
static void emit_read_kernel(struct program *p, int to, int from, int place, int bytes, int key) {
  set(p, BPF_REG_1, 0);
  store(p, BPF_REG_10, key, BPF_REG_1);
  address_of(p, BPF_REG_1, key);
  set(p, BPF_REG_2, bytes);
  move(p, BPF_REG_3, from);
  calculate(p, BPF_ADD, BPF_REG_3, place);
  call(p, BPF_FUNC_probe_read_kernel);
  load(p, to, BPF_REG_10, key);
}

/* The number that a task has below the agent's own namespace, into a register; leaves if it has none. Frame: key. */
static void emit_number(struct program *p, int to, int task, const struct places *places, int key) {
  emit_read_kernel(p, BPF_REG_8, task, places->task_thread_pid, 8, key);
  emit_read_kernel(p, to, BPF_REG_8, places->pid_level, 4, key);
  int inside = jump_if(p, BPF_JNE, to, 0);
  leave(p);
  land(p, inside);
  /* Of each level: the number, and its namespace. */
  emit_read_kernel(p, to, BPF_REG_8, places->pid_numbers + 16, 4, key);
}

static void emit_clear(struct program *p, int from) {
  set(p, BPF_REG_1, 0);
  for (int at = from; at < 0; at += 8) store(p, BPF_REG_10, at, BPF_REG_1);
}

/* A new process or thread, in its maker. Frame: -8 a key, RECORD struct seen. */
static int attach_processes(const int *maps, const struct places *places, const struct stat *namespace) {
  enum { RECORD = -8 - (int)SEEN_BYTES };
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 8); /* the task */
  emit_clear(&p, RECORD);
  emit_number(&p, BPF_REG_7, BPF_REG_6, places, -8);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, number), BPF_REG_7);
  emit_read_kernel(&p, BPF_REG_6, BPF_REG_6, places->task_leader, 8, -8);
  emit_number(&p, BPF_REG_7, BPF_REG_6, places, -8);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, result), BPF_REG_7);
  /* The agent has no number there: 0. */
  set_long(&p, BPF_REG_1, namespace->st_dev, 0);
  set_long(&p, BPF_REG_2, namespace->st_ino, 0);
  address_of(&p, BPF_REG_3, RECORD + (int)offsetof(struct seen, tid));
  set(&p, BPF_REG_4, 8);
  call(&p, BPF_FUNC_get_ns_current_pid_tgid);
  set(&p, BPF_REG_1, PROCESS_STARTED);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, what), BPF_REG_1);
  emit_now(&p, RECORD + (int)offsetof(struct seen, begin));
  address_of(&p, BPF_REG_2, RECORD);
  emit_output(&p, maps[OUTPUT_RING], maps[LOST], SEEN_BYTES, -8);
  leave(&p);
  return attach(&p, "sched_process_fork");
}

/* A new program. Frame: -8 a key, -16 the numbers. */
static int attach_programs(const int *maps, const struct places *places, const struct stat *namespace) {
  const int arguments = (int)offsetof(struct seen, second.bytes);
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 0);  /* the task */
  load(&p, BPF_REG_7, BPF_REG_1, 16); /* what is known of the program */
  emit_clear(&p, -16);
  emit_ours(&p, namespace, -16);
  set_map(&p, BPF_REG_1, maps[OUTPUT_RING]);
  set(&p, BPF_REG_2, sizeof(struct seen_program));
  set(&p, BPF_REG_3, 0);
  call(&p, BPF_FUNC_ringbuf_reserve);
  int room = jump_if(&p, BPF_JNE, BPF_REG_0, 0);
  set(&p, BPF_REG_0, 1);
  emit_count_lost(&p, maps[LOST], -8);
  leave(&p);
  land(&p, room);
  move(&p, BPF_REG_9, BPF_REG_0);
  set(&p, BPF_REG_1, 0);
  for (int at = 0; at < (int)offsetof(struct seen, text.bytes); at += 8) store(&p, BPF_REG_9, at, BPF_REG_1);
  load(&p, BPF_REG_1, BPF_REG_10, -16);
  store(&p, BPF_REG_9, offsetof(struct seen, tid), BPF_REG_1);
  set(&p, BPF_REG_1, PROGRAM_STARTED);
  store(&p, BPF_REG_9, offsetof(struct seen, what), BPF_REG_1);
  call(&p, BPF_FUNC_ktime_get_ns);
  store(&p, BPF_REG_9, offsetof(struct seen, begin), BPF_REG_0);
  call(&p, BPF_FUNC_get_current_uid_gid);
  emit(&p, BPF_STX | BPF_MEM | BPF_W, BPF_REG_9, BPF_REG_0, (int)offsetof(struct seen, registers) + DI * 8, 0);
  emit_read_kernel(&p, BPF_REG_3, BPF_REG_7, places->binprm_filename, 8, -8);
  move(&p, BPF_REG_1, BPF_REG_9);
  calculate(&p, BPF_ADD, BPF_REG_1, offsetof(struct seen, text.bytes));
  set(&p, BPF_REG_2, TEXT_BYTES);
  call(&p, BPF_FUNC_probe_read_kernel_str);
  store(&p, BPF_REG_9, offsetof(struct seen, text.length), BPF_REG_0);
  /* The kernel has laid them out one behind the other. */
  emit_read_kernel(&p, BPF_REG_8, BPF_REG_6, places->task_mm, 8, -8);
  emit_read_kernel(&p, BPF_REG_7, BPF_REG_8, places->mm_arg_start, 8, -8);
  emit_read_kernel(&p, BPF_REG_6, BPF_REG_8, places->mm_arg_end, 8, -8);
  calculate_with(&p, BPF_SUB, BPF_REG_6, BPF_REG_7);
  store(&p, BPF_REG_9, offsetof(struct seen, second.length), BPF_REG_6);
  move(&p, BPF_REG_2, BPF_REG_6);
  int fits = jump_if(&p, BPF_JLE, BPF_REG_2, ARGUMENT_BYTES);
  set(&p, BPF_REG_2, ARGUMENT_BYTES);
  land(&p, fits);
  move(&p, BPF_REG_1, BPF_REG_9);
  calculate(&p, BPF_ADD, BPF_REG_1, arguments);
  move(&p, BPF_REG_3, BPF_REG_7);
  call(&p, BPF_FUNC_probe_read_user);
  int read = jump_if(&p, BPF_JEQ, BPF_REG_0, 0);
  set(&p, BPF_REG_1, 0);
  store(&p, BPF_REG_9, offsetof(struct seen, second.length), BPF_REG_1);
  land(&p, read);
  move(&p, BPF_REG_1, BPF_REG_9);
  set(&p, BPF_REG_2, BPF_RB_NO_WAKEUP);
  call(&p, BPF_FUNC_ringbuf_submit);
  leave(&p);
  return attach(&p, "sched_process_exec");
}

/* The end of a process, in its last thread. Frame: -8 a key, RECORD struct seen. */
static int attach_ends(const int *maps, const struct places *places, const struct stat *namespace) {
  enum { RECORD = -8 - (int)SEEN_BYTES };
  struct program p = {.length = 0};
  load(&p, BPF_REG_6, BPF_REG_1, 0); /* the task */
  emit_clear(&p, RECORD);
  emit_ours(&p, namespace, RECORD + (int)offsetof(struct seen, tid));
  emit_read_kernel(&p, BPF_REG_7, BPF_REG_6, places->task_signal, 8, -8);
  emit_read_kernel(&p, BPF_REG_7, BPF_REG_7, places->signal_live, 4, -8);
  int last = jump_if(&p, BPF_JEQ, BPF_REG_7, 0);
  leave(&p);
  land(&p, last);
  emit_read_kernel(&p, BPF_REG_7, BPF_REG_6, places->task_exit_code, 4, -8);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, result), BPF_REG_7);
  set(&p, BPF_REG_1, PROCESS_ENDED);
  store(&p, BPF_REG_10, RECORD + (int)offsetof(struct seen, what), BPF_REG_1);
  emit_now(&p, RECORD + (int)offsetof(struct seen, begin));
  address_of(&p, BPF_REG_2, RECORD);
  emit_output(&p, maps[OUTPUT_RING], maps[LOST], SEEN_BYTES, -8);
  leave(&p);
  return attach(&p, "sched_process_exit");
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

/* Calls' ends first: what begins before is not told of. */
static bool attach_all(const int *maps, const struct stat *namespace) {
  static struct places places;
  static enum { UNKNOWN, FOUND, MISSING } state;
  if ((links[CALLS_END] = attach_end(maps)) < 0 || (links[CALLS_BEGIN] = attach_begin(maps, namespace)) < 0) return false;
  if (state == UNKNOWN) state = find_places(&places) ? FOUND : MISSING;
  if (state == MISSING) {
    fprintf(stderr, "vivarium-agent: this kernel does not say where it keeps what: its processes are not told of\n");
    return true;
  }
  return (links[ENDS] = attach_ends(maps, &places, namespace)) >= 0 && (links[PROGRAMS] = attach_programs(maps, &places, namespace)) >= 0 &&
         (links[PROCESSES] = attach_processes(maps, &places, namespace)) >= 0;
}

static int begin(const struct stat *namespace) {
  int maps[MAPS] = {
      [THREADS] = make_map(BPF_MAP_TYPE_LRU_HASH, sizeof(uint64_t), sizeof(struct seen), MAX_THREADS, 0),
      [TEXTS] = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint32_t), MAX_NUMBERS, 0),
      [OUTPUT_RING] = make_map(BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0),
      [LOST] = make_map(BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(uint64_t), 1, BPF_F_MMAPABLE),
  };
  bool ok = true;
  for (int i = 0; i < MAPS; i++) ok = ok && maps[i] >= 0;
  for (size_t i = 0; ok && i < sizeof with_text / sizeof *with_text; i++) {
    texts[with_text[i].number] = with_text[i].texts;
    ok = set_element(maps[TEXTS], with_text[i].number, &texts[with_text[i].number]) == 0;
  }
  ok = ok && (ring.consumer = map(PAGE, PROT_READ | PROT_WRITE, maps[OUTPUT_RING], 0)) != NULL &&
       (ring.producer = map(PAGE + 2 * RING_BYTES, PROT_READ, maps[OUTPUT_RING], PAGE)) != NULL &&
       (ring.lost = map(PAGE, PROT_READ, maps[LOST], 0)) != NULL;
  ok = ok && attach_all(maps, namespace);
  int error = ok ? 0 : errno != 0 ? errno : EINVAL;
  for (int i = 0; i < MAPS; i++)
    if (maps[i] >= 0) close(maps[i]);
  return error;
}

int stream_calls(int pid_namespace) {
  struct stat namespace;
  if (pid_namespace >= 0 && stream_is_on()) return 0;
  int error = pid_namespace < 0 ? 0 : fstat(pid_namespace, &namespace) != 0 ? errno : begin(&namespace);
  if (pid_namespace >= 0 && error == 0) return 0;
  stream_send();
  for (int i = 0; i < LINKS; i++) {
    if (links[i] >= 0) close(links[i]);
    links[i] = -1;
  }
  unmap();
  return error;
}

bool stream_is_on(void) { return links[CALLS_BEGIN] >= 0; }

/* One text of an event: its argument's number, how it is, its length and bytes; how many bytes. */
static size_t write_text(uint8_t *to, unsigned argument, unsigned how, const char *bytes, size_t length) {
  struct __attribute__((packed)) {
    uint8_t argument, how;
    uint16_t length;
  } head = {(uint8_t)argument, (uint8_t)how, (uint16_t)length};
  memcpy(to, &head, sizeof head);
  memcpy(to + sizeof head, bytes, length);
  return sizeof head + length;
}

/* A text, or bytes, of the length that a program has written, which is negative or zero where there is none. */
static size_t write_seen(uint8_t *to, unsigned argument, const struct text *text, bool bytes) {
  if (text->length <= 0 || text->length > TEXT_BYTES) return write_text(to, 0, NO_TEXT, "", 0);
  if (bytes) return write_text(to, argument, BYTES, text->bytes, (size_t)text->length);
  return write_text(to, argument, text->length == TEXT_BYTES ? CUT_TEXT : WHOLE_TEXT, text->bytes, (size_t)text->length - 1);
}

/* As EVENTS has it; how many bytes. */
static size_t write_event(uint8_t *to, const struct seen *seen, size_t size) {
  struct __attribute__((packed)) {
    uint64_t begin, duration, result;
    uint32_t tid, pid, number, what;
    uint64_t arguments[6];
  } event = {.begin = seen->begin,
             .duration = seen->duration,
             .result = seen->result,
             .tid = seen->tid,
             .pid = seen->pid,
             .number = (uint32_t)seen->number,
             .what = (uint32_t)seen->what};
  static const int order[] = {DI, SI, DX, R10, R8, R9};
  for (int i = 0; i < 6; i++) event.arguments[i] = seen->registers[order[i]];
  memcpy(to, &event, sizeof event);
  size_t at = sizeof event;
  if (seen->what == PROGRAM_STARTED && size >= sizeof(struct seen_program)) {
    uint64_t length = (uint64_t)seen->second.length;
    bool cut = length > ARGUMENT_BYTES;
    at += write_seen(to + at, 0, &seen->text, false);
    return at + write_text(to + at, 1, cut ? CUT_TEXT : WHOLE_TEXT, seen->second.bytes, cut ? ARGUMENT_BYTES : length);
  }
  uint32_t of = seen->what <= CALL_RETURNED && seen->number < MAX_NUMBERS ? texts[seen->number] : 0;
  at += of & HAS_FIRST ? write_seen(to + at, of & 7, &seen->text, of & AN_ADDRESS) : write_text(to + at, 0, NO_TEXT, "", 0);
  return at + (of & HAS_SECOND && size >= sizeof *seen ? write_seen(to + at, of >> 4 & 7, &seen->second, false)
                                                       : write_text(to + at, 0, NO_TEXT, "", 0));
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
    while ((more = at < __atomic_load_n(producer, __ATOMIC_ACQUIRE)) && length + 2 * MAX_SEEN < sizeof frame) {
      uint32_t size = __atomic_load_n((const uint32_t *)(data + (at & (RING_BYTES - 1))), __ATOMIC_ACQUIRE);
      /* Still being written. */
      if (size & BPF_RINGBUF_BUSY_BIT) {
        more = false;
        break;
      }
      if ((size & BPF_RINGBUF_DISCARD_BIT) == 0 && size >= SEEN_BYTES)
        length += write_event(frame + length, (const struct seen *)(data + (at & (RING_BYTES - 1)) + BPF_RINGBUF_HDR_SZ), size);
      at += ((size & ~(BPF_RINGBUF_DISCARD_BIT | BPF_RINGBUF_BUSY_BIT)) + BPF_RINGBUF_HDR_SZ + 7) & ~7U;
      __atomic_store_n(consumer, at, __ATOMIC_RELEASE);
    }
    if (length > sizeof head || head[1] != told) channel_send(EVENTS, 0, frame, length, NULL, 0);
    told = head[1];
  }
}
