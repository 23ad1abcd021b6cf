/**
 * System V IPC: semaphores, message queues and shared memory, found by key or id. Kernel objects
 * without descriptors; {@code syscalls.SysSem}, {@code SysMsg} and {@code SysShm} decode the calls.
 * As everywhere in the kernel nothing is locked: all runs on the kernel thread.
 */
@NullMarked
package dev.vivarium.sentry.ipc.sysv;

import org.jspecify.annotations.NullMarked;
