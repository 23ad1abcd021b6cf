/**
 * Filters that a program in the guest puts on its own system calls (seccomp(2)): classic BPF
 * programs, checked when they come in and run by the sentry before it answers a call.
 */
@NullMarked
package dev.vivarium.sentry.seccomp;

import org.jspecify.annotations.NullMarked;
