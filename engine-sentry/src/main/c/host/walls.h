/*
 * The walls around a sandbox's own process, the sentry's or a virtual machine's shim: what confine.c does to it, in the order in
 * which it does it. What it may still ask of the host afterwards is listed in threads.c, calls.c and shim.c.
 */
#ifndef VIVARIUM_WALLS_H
#define VIVARIUM_WALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Which wall could not be put up; the place is multiplied into what confine() returns. */
enum wall {
  WALL_ONCE = 1,   /* it was asked for a second time */
  WALL_PATHS,      /* Landlock: the host has none, or refused a rule */
  WALL_THREADS,    /* a thread could not be reached */
  WALL_PRIVILEGES, /* no_new_privs, capabilities */
  WALL_CALLS,      /* seccomp */
  WALL_WORLD,      /* namespaces, and a root of its own */
};

enum { WALL_SHIFT = 16 };

/*
 * What a sandbox has that needs more calls; whether a host without Landlock is no reason to fail; that it is a shim, which serves
 * host files itself, some of which can be written, and which needs root's power over files of others for that; that its monitor
 * is controlled by a new connection each time; and that it makes devices for it, which it tells of by messages with descriptors.
 */
enum {
  WITH_NETWORK = 1,
  WITH_MOUNTS = 2,
  WITH_FOLDERS = 4,
  DEGRADED = 8,
  SHIM = 16,
  WITH_WRITABLE = 32,
  READS_OF_OTHERS = 64,
  FILES_OF_OTHERS = 128,
  WITH_CONNECTIONS = 256,
  WITH_DEVICES = 512,
};

/* What confine() returns where DEGRADED was of use: what is missing, as bits. */
enum { NO_PATHS = 1, NO_CALLS = 2, NO_WORLD = 4 };

/*
 * Takes the calling thread into mount, network, IPC, UTS and cgroup namespaces of its own, with a root of what RULES name (confine.c)
 * and no more; descriptors of directories that are named there stand for the same directories in it afterwards. 0 or an errno; if there
 * is a world after that all the same, the process is of no use any more.
 */
int make_world(const char *const *rules);

/* Takes another thread there. Async-signal-safe; 0 or an errno. */
int enter_world(void);

bool has_world(void);

/* None is to follow any more. */
void close_world(void);

/* Puts the filter in front of all threads; 0 or an errno. */
int restrict_calls(int pid, int with);

/* Puts the filter that restrict_calls made in front of the calling thread, where seccomp(2) is refused; 0 or an errno. */
int restrict_own_calls(void);

#endif
