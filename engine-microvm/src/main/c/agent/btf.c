/* Reads the kernel's types: btf_header, then records of struct btf_type, each followed by what its kind has, and their names. */
#include "btf.h"

#include <fcntl.h>
#include <linux/btf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_TYPES_BYTES (32 << 20)
#define MAX_DEPTH 4

struct types {
  const uint8_t *at, *end;
  const char *names;
  size_t names_length;
};

static const char *name_of(const struct types *t, uint32_t offset) { return offset < t->names_length ? t->names + offset : ""; }

/* How long a record is with what follows it; 0 for a kind that is not known. */
static size_t length_of(const struct btf_type *type) {
  size_t count = BTF_INFO_VLEN(type->info);
  switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case 17: /* a tag of a declaration */ return sizeof *type + 4;
    case BTF_KIND_ARRAY: return sizeof *type + sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: return sizeof *type + count * sizeof(struct btf_member);
    case BTF_KIND_ENUM: return sizeof *type + count * sizeof(struct btf_enum);
    case 19: /* an enum of 64 bits */
    case BTF_KIND_DATASEC: return sizeof *type + count * 12;
    case BTF_KIND_FUNC_PROTO: return sizeof *type + count * sizeof(struct btf_param);
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case 16: /* a floating-point number */
    case 18: /* a tag of a type */ return sizeof *type;
    default: return 0;
  }
}

/* The next record, and its length; NULL at the end. */
static const struct btf_type *next(const struct types *t, const uint8_t **at, size_t *length) {
  const struct btf_type *type = (const struct btf_type *)*at;
  if ((size_t)(t->end - *at) < sizeof *type || (*length = length_of(type)) == 0 || (size_t)(t->end - *at) < *length) return NULL;
  *at += *length;
  return type;
}

static const struct btf_type *by_number(const struct types *t, uint32_t number) {
  const uint8_t *at = t->at;
  const struct btf_type *type = NULL;
  size_t length;
  for (uint32_t i = 1; i <= number; i++)
    if ((type = next(t, &at, &length)) == NULL) return NULL;
  return type;
}

static bool has_members(const struct btf_type *type) {
  return BTF_INFO_KIND(type->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(type->info) == BTF_KIND_UNION;
}

/* In bits. Members of a member without a name are those of what it is in. */
static int member_of(const struct types *t, const struct btf_type *type, const char *member, int depth) {
  const struct btf_member *members = (const struct btf_member *)(type + 1);
  for (size_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
    int place = (int)(BTF_INFO_KFLAG(type->info) ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset);
    if (strcmp(name_of(t, members[i].name_off), member) == 0) return place;
    if (members[i].name_off != 0 || depth == 0) continue;
    const struct btf_type *inner = by_number(t, members[i].type);
    int inside = inner != NULL && has_members(inner) ? member_of(t, inner, member, depth - 1) : -1;
    if (inside >= 0) return place + inside;
  }
  return -1;
}

/* Where the records and names are; false if it is not what it should be. */
static bool open_types(struct types *t, const uint8_t *bytes, size_t size) {
  struct btf_header header;
  if (size < sizeof header) return false;
  memcpy(&header, bytes, sizeof header);
  uint64_t begin = (uint64_t)header.hdr_len + header.type_off, names = (uint64_t)header.hdr_len + header.str_off;
  if (header.magic != BTF_MAGIC || begin % 4 != 0 || begin + header.type_len > size || names + header.str_len > size ||
      header.str_len == 0 || bytes[names + header.str_len - 1] != 0)
    return false;
  *t = (struct types){bytes + begin, bytes + begin + header.type_len, (const char *)bytes + names, header.str_len};
  return true;
}

bool find_places(struct places *places) {
  static const struct {
    const char *of, *member;
    size_t place;
  } wanted[] = {
      {"task_struct", "thread_pid", offsetof(struct places, task_thread_pid)},
      {"task_struct", "group_leader", offsetof(struct places, task_leader)},
      {"task_struct", "signal", offsetof(struct places, task_signal)},
      {"task_struct", "exit_code", offsetof(struct places, task_exit_code)},
      {"task_struct", "mm", offsetof(struct places, task_mm)},
      {"pid", "level", offsetof(struct places, pid_level)},
      {"pid", "numbers", offsetof(struct places, pid_numbers)},
      {"signal_struct", "live", offsetof(struct places, signal_live)},
      {"mm_struct", "arg_start", offsetof(struct places, mm_arg_start)},
      {"mm_struct", "arg_end", offsetof(struct places, mm_arg_end)},
      {"linux_binprm", "filename", offsetof(struct places, binprm_filename)},
  };
  enum { WANTED = sizeof wanted / sizeof *wanted };
  int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
  off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  if (size <= 0 || size > MAX_TYPES_BYTES || lseek(fd, 0, SEEK_SET) != 0) size = -1;
  uint8_t *types = size < 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  off_t got = 0;
  for (ssize_t n = 1; types != MAP_FAILED && got < size && n > 0; got += n) n = read(fd, types + got, (size_t)(size - got));
  if (fd >= 0) close(fd);
  /* Once through all of them, since there are some hundred thousand. */
  size_t found = 0, length;
  struct types t;
  if (types != MAP_FAILED && got == size && open_types(&t, types, (size_t)size)) {
    const struct btf_type *type;
    for (const uint8_t *at = t.at; found < WANTED && (type = next(&t, &at, &length)) != NULL;) {
      if (BTF_INFO_KIND(type->info) != BTF_KIND_STRUCT || type->name_off == 0 || BTF_INFO_VLEN(type->info) == 0) continue;
      for (size_t i = 0; i < WANTED; i++) {
        if (strcmp(name_of(&t, type->name_off), wanted[i].of) != 0) continue;
        int bits = member_of(&t, type, wanted[i].member, MAX_DEPTH);
        if (bits < 0 || bits % 8 != 0) continue;
        int place = bits / 8;
        memcpy((uint8_t *)places + wanted[i].place, &place, sizeof place);
        found++;
      }
    }
  }
  if (types != MAP_FAILED) munmap(types, (size_t)size);
  return found == WANTED;
}
