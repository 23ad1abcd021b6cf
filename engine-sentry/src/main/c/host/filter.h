/*
 * How lists of host calls are written down (threads.c, calls.c, shim.c) and become a filter (filter.c). Whatever is not in a list
 * does not exist for the process (ENOSYS): the C library and the JDK have ways around calls that an older kernel lacks, clone3 for
 * one, whose flags no filter can see.
 */
#ifndef VIVARIUM_FILTER_H
#define VIVARIUM_FILTER_H

#include <sys/syscall.h>

void allow(unsigned nr);

/* Only with one of these values of an argument that the kernel takes as an int. */
void allow_values(unsigned nr, unsigned argument, const unsigned *values, unsigned count);

/* Only with none of these bits in an argument that the kernel takes as an int. */
void allow_without(unsigned nr, unsigned argument, unsigned bits);

/* Only with a null pointer. */
void allow_null(unsigned nr, unsigned argument);

#define ALLOW(name) allow(SYS_##name)
#define ALLOW_VALUES(name, argument, ...)                                                                              \
  do {                                                                                                                 \
    static const unsigned values[] = {__VA_ARGS__};                                                                    \
    allow_values(SYS_##name, argument, values, sizeof values / sizeof values[0]);                                      \
  } while (0)
#define ALLOW_WITHOUT(name, argument, bits) allow_without(SYS_##name, argument, bits)
#define ALLOW_NULL(name, argument) allow_null(SYS_##name, argument)
#define ALLOW_OWN(name, argument, own) allow_values(SYS_##name, argument, &(own), 1)

/* What a JVM's threads do; OWN is its process id. */
void allow_threads(unsigned own);

/* What the sentry's process may call, with what it was started WITH. */
void allow_sentry(unsigned own, int with);

/* The same of a virtual machine's shim. */
void allow_shim(unsigned own, int with);

#endif
