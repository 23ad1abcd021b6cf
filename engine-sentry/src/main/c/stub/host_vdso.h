/* Finding the host's own vDSO in the zygote: the functions that the guest's vDSO calls, and the pages to keep. */
#ifndef VIVARIUM_STUB_HOST_VDSO_H
#define VIVARIUM_STUB_HOST_VDSO_H

#include "host.h"

#define PAGE 0x1000UL
#define EACCES 13
#define EPERM 1

/* The pages before a vDSO from which it reads the time: more than any kernel has had. */
#define MAX_TIME_PAGES 32

struct host_vdso {
  u64 start; /* of the pages it reads from; 0 if there is none that can be used */
  u64 end;
  u64 clock_gettime;
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

static inline struct host_vdso find_host_vdso(u64 base) {
  struct host_vdso found = {0, 0, 0};
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
  for (const struct elf_symbol *s = symbols; (u64)(s + 1) <= (u64)strings; s++)
    if (s->section != 0 && same_text(strings + s->name, "__vdso_clock_gettime"))
      found.clock_gettime = bias + s->value;
  if (found.clock_gettime == 0)
    return found;
  /*
   * Before it lie the pages with the time, which nobody may write: the host says so when asked for it. What lies
   * before them is either nothing or ordinary memory, which must go.
   */
  found.start = base;
  found.end = base + ((size + PAGE - 1) & -PAGE);
  for (int i = 0; i < MAX_TIME_PAGES; i++) {
    s64 answer = host_call3(NR_mprotect, found.start - PAGE, PAGE, PROT_READ | PROT_WRITE);
    if (answer != -EACCES && answer != -EPERM)
      break;
    found.start -= PAGE;
  }
  if (found.start == base)
    found.start = 0;
  return found;
}

#endif
