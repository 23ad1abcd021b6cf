/**
 * The ptrace platform, for hosts where systrap cannot run: one native process traces every guest
 * process (tracer.c), and stops their threads at each system call before the host sees it.
 */
@NullMarked
package dev.vivarium.sentry.platform.ptrace;

import org.jspecify.annotations.NullMarked;
