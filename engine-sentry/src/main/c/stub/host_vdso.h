/* Finding the host's own vDSO in the zygote: the functions that the guest's vDSO and the stub call, and the pages to keep. */
#ifndef VIVARIUM_STUB_HOST_VDSO_H
#define VIVARIUM_STUB_HOST_VDSO_H

#include "host.h"

#define PAGE 0x1000UL
#define EACCES 13
#define EPERM 1

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2

/* Pages of one of its mappings, and pages that it reads from: more than any kernel has had. */
#define MAX_VDSO_PAGES 32
#define HOST_VDSO_MAX (2 * MAX_VDSO_PAGES * PAGE)

struct host_vdso {
  u64 clock_gettime; /* 0 if there is none that can be used */
  u64 getcpu;        /* the same */
  u64 end;           /* of what stays at HOST_VDSO_BASE */
};

/* Linux's own layouts (linux/elf.h). */
struct elf_header {
  u8 ident[16];
  unsigned short type, machine;
  u32 version;
  u64 entry, phoff, shoff;
  u32 flags;
  unsigned short ehsize, phentsize, phnum;
};

struct elf_segment {
  u32 type, flags;
  u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_dynamic {
  u64 tag, value;
};

struct elf_symbol {
  u32 name;
  u8 info, other;
  unsigned short section;
  u64 value, size;
};

static inline int same_text(const char *a, const char *b) {
  while (*a && *a == *b)
    a++, b++;
  return *a == *b;
}

/* Moves the mapping that starts at an address, whose length only the host knows; returns the length, or 0. */
static inline u64 move_mapping(u64 from, u64 to) {
  for (u64 length = PAGE; length <= MAX_VDSO_PAGES * PAGE; length += PAGE)
    if (host_call6(NR_mremap, from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0) == (s64)to)
      return length;
  return 0;
}

/* Looks at the host's vDSO and moves it, with the pages it reads, to HOST_VDSO_BASE. */
static inline struct host_vdso take_host_vdso(u64 base) {
  struct host_vdso found = {0, 0, 0};
  u64 clock_gettime = 0, getcpu = 0;
  const struct elf_header *elf = (const struct elf_header *)base;
  const struct elf_segment *segments = (const struct elf_segment *)(base + elf->phoff);
  const struct elf_dynamic *dynamic = 0;
  u64 bias = base, size = 0;
  for (int i = 0; i < elf->phnum; i++) {
    if (segments[i].type == 1 /* PT_LOAD */) {
      bias = base + segments[i].offset - segments[i].vaddr;
      size = segments[i].offset + segments[i].memsz;
    } else if (segments[i].type == 2 /* PT_DYNAMIC */) {
      dynamic = (const struct elf_dynamic *)(base + segments[i].offset);
    }
  }
  const struct elf_symbol *symbols = 0;
  const char *strings = 0;
  for (; dynamic && dynamic->tag; dynamic++) {
    if (dynamic->tag == 5 /* DT_STRTAB */)
      strings = (const char *)(bias + dynamic->value);
    else if (dynamic->tag == 6 /* DT_SYMTAB */)
      symbols = (const struct elf_symbol *)(bias + dynamic->value);
  }
  if (!symbols || (u64)strings <= (u64)symbols || size == 0)
    return found;
  /* The names follow the symbols; their place tells how many there are. */
  for (const struct elf_symbol *s = symbols; (u64)(s + 1) <= (u64)strings; s++) {
    if (s->section != 0 && same_text(strings + s->name, "__vdso_clock_gettime"))
      clock_gettime = bias + s->value;
    else if (s->section != 0 && same_text(strings + s->name, "__vdso_getcpu"))
      getcpu = bias + s->value;
  }
  if (clock_gettime == 0)
    return found;
  /*
   * Before it lie the pages with the time, in one mapping or several, which nobody may write: the host says so when
   * asked for it. What lies before them is either nothing or ordinary memory.
   */
  u64 start = base;
  for (int i = 0; i < MAX_VDSO_PAGES; i++) {
    s64 answer = host_call3(NR_mprotect, start - PAGE, PAGE, PROT_READ | PROT_WRITE);
    if (answer != -EACCES && answer != -EPERM)
      break;
    start -= PAGE;
  }
  u64 end = base + ((size + PAGE - 1) & -PAGE);
  if (start == base || end - start > HOST_VDSO_MAX)
    return found;
  for (u64 from = start; from < end;) {
    u64 moved = move_mapping(from, HOST_VDSO_BASE + (from - start));
    if (moved == 0)
      return found;
    from += moved;
  }
  found.clock_gettime = HOST_VDSO_BASE + (clock_gettime - start);
  if (getcpu != 0)
    found.getcpu = HOST_VDSO_BASE + (getcpu - start);
  found.end = HOST_VDSO_BASE + (end - start);
  return found;
}

#endif
