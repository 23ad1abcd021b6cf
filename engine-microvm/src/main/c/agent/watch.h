/* Watching the guest's system calls, by programs in its kernel. */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_CALLS 512
/* Durations are counted by their highest bits: exactly below STEPS ns, then in STEPS steps to each doubling. */
#define STEPS 16
#define BUCKETS 640

/* Begins to count the calls of the processes in a pid namespace, to the end; 0 or an errno. */
int watch_start(int pid_namespace);
/* Sends what has been counted: a frame for each call that was made. False: there was no room for all, and it goes on next time. */
bool watch_send(void);

#endif
