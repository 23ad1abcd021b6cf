/* Puts programs for the guest's kernel together, and into it. */
#include "bpf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(int command, union bpf_attr *attr) { return syscall(SYS_bpf, command, attr, sizeof *attr); }

int make_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = type;
  attr.key_size = key;
  attr.value_size = value;
  attr.max_entries = entries;
  attr.map_flags = flags;
  return (int)bpf(BPF_MAP_CREATE, &attr);
}

int set_element(int map, uint32_t key, const void *value) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = (uint32_t)map;
  attr.key = (uint64_t)(uintptr_t)&key;
  attr.value = (uint64_t)(uintptr_t)value;
  attr.flags = BPF_ANY;
  return (int)bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

void emit(struct program *p, uint8_t code, int to, int from, int offset, int32_t value) {
  struct bpf_insn i = {.code = code, .dst_reg = (uint8_t)(to & 15), .src_reg = (uint8_t)(from & 15), .off = (int16_t)offset, .imm = value};
  if (p->length < MAX_INSTRUCTIONS) p->code[p->length++] = i;
}

void set(struct program *p, int to, int32_t value) { emit(p, BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
void move(struct program *p, int to, int from) { emit(p, BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
void calculate(struct program *p, uint8_t operation, int to, int32_t value) { emit(p, BPF_ALU64 | operation | BPF_K, to, 0, 0, value); }
void calculate_with(struct program *p, uint8_t operation, int to, int from) { emit(p, BPF_ALU64 | operation | BPF_X, to, from, 0, 0); }
void load(struct program *p, int to, int from, int offset) { emit(p, BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0); }
void store(struct program *p, int to, int offset, int from) { emit(p, BPF_STX | BPF_MEM | BPF_DW, to, from, offset, 0); }
void add_to(struct program *p, int to, int offset, int from) { emit(p, BPF_STX | BPF_ATOMIC | BPF_DW, to, from, offset, BPF_ADD); }
void call(struct program *p, int helper) { emit(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
void leave(struct program *p) {
  set(p, BPF_REG_0, 0);
  emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void set_long(struct program *p, int to, uint64_t value, int kind) {
  emit(p, BPF_LD | BPF_IMM | BPF_DW, to, kind, 0, (int32_t)value);
  emit(p, 0, 0, 0, 0, (int32_t)(value >> 32));
}

void set_map(struct program *p, int to, int map) { set_long(p, to, (uint32_t)map, BPF_PSEUDO_MAP_FD); }

int jump_if(struct program *p, uint8_t condition, int register_, int32_t value) {
  emit(p, BPF_JMP | condition | BPF_K, register_, 0, 0, value);
  return p->length - 1;
}

int jump(struct program *p) {
  emit(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
  return p->length - 1;
}

void land(struct program *p, int jump) { p->code[jump].off = (int16_t)(p->length - jump - 1); }

void address_of(struct program *p, int to, int offset) {
  move(p, to, BPF_REG_10);
  calculate(p, BPF_ADD, to, offset);
}

int attach(struct program *p, const char *where) {
  static const char licence[] = "GPL"; /* which the helpers used ask for */
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  attr.insns = (uint64_t)(uintptr_t)p->code;
  attr.insn_cnt = (uint32_t)p->length;
  attr.license = (uint64_t)(uintptr_t)licence;
#ifdef WATCH_LOG
  static char log[65536];
  attr.log_buf = (uint64_t)(uintptr_t)log;
  attr.log_size = sizeof log;
  attr.log_level = 1;
#endif
  int program = (int)bpf(BPF_PROG_LOAD, &attr);
#ifdef WATCH_LOG
  if (program < 0) fprintf(stderr, "%s: %s\n%s\n", where, strerror(errno), log);
#endif
  if (program < 0) return -1;
  memset(&attr, 0, sizeof attr);
  attr.raw_tracepoint.name = (uint64_t)(uintptr_t)where;
  attr.raw_tracepoint.prog_fd = (uint32_t)program;
  int link = (int)bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
  int error = errno;
  close(program);
  errno = error;
  return link;
}
