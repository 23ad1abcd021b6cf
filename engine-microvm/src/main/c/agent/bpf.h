/* Programs for the guest's kernel, put together here: r0 result, r1-r5 arguments, r6-r9 kept, r10 frame. */
#ifndef BPF_H
#define BPF_H

#include <linux/bpf.h>
#include <stdint.h>

#define MAX_INSTRUCTIONS 512

struct program {
  struct bpf_insn code[MAX_INSTRUCTIONS];
  int length;
};

/* A map; negative with errno. */
int make_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags);
/* Sets an element by its number. */
int set_element(int map, uint32_t key, const void *value);

void emit(struct program *p, uint8_t code, int to, int from, int offset, int32_t value);
void set(struct program *p, int to, int32_t value);
void move(struct program *p, int to, int from);
void calculate(struct program *p, uint8_t operation, int to, int32_t value);
void calculate_with(struct program *p, uint8_t operation, int to, int from);
void load(struct program *p, int to, int from, int offset);
void store(struct program *p, int to, int offset, int from);
void add_to(struct program *p, int to, int offset, int from);
void call(struct program *p, int helper);
void leave(struct program *p);
void set_long(struct program *p, int to, uint64_t value, int kind);
void set_map(struct program *p, int to, int map);
/* A jump forward; its place, for land. */
int jump_if(struct program *p, uint8_t condition, int register_, int32_t value);
/* One that is always taken. */
int jump(struct program *p);
void land(struct program *p, int jump);
/* An address in the frame. */
void address_of(struct program *p, int to, int offset);
/* Has it run at a raw tracepoint until what is returned is closed; negative with errno. */
int attach(struct program *p, const char *where);

#endif
