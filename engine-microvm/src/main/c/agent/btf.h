/* Where the guest's kernel keeps what, as it says itself (/sys/kernel/btf/vmlinux). */
#ifndef BTF_H
#define BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Places of members in their structs, in bytes. */
struct places {
  int task_thread_pid, task_leader, task_signal, task_exit_code, task_mm;
  int pid_level, pid_numbers;
  int signal_live;
  int mm_arg_start, mm_arg_end;
  int binprm_filename;
};

/* Fills them in; false if this kernel does not say all of them. */
bool find_places(struct places *places);

#endif
