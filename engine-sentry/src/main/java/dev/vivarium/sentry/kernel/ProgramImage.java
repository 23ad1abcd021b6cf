package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.vfs.VfsPath;

/**
 * What execve left in an address space, for /proc/PID/{exe,cmdline,environ,auxv,stat}.
 *
 * @param executable the program itself (not its interpreter)
 * @param argStart guest address of the first argument string
 * @param argEnd one past the last argument string
 * @param envStart guest address of the first environment string
 * @param envEnd one past the last environment string
 * @param startStack the stack pointer at the first instruction
 * @param auxv the auxiliary vector as the program found it
 */
public record ProgramImage(
    VfsPath executable,
    long argStart,
    long argEnd,
    long envStart,
    long envEnd,
    long startStack,
    byte[] auxv) {}
