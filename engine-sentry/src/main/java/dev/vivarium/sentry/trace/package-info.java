/**
 * The sentry's end of watching: looks on at system calls, counts and times them, takes along what
 * of the guest's memory belongs to them, and writes events. All of it on the kernel thread, and
 * none of it while nobody watches.
 */
@NullMarked
package dev.vivarium.sentry.trace;

import org.jspecify.annotations.NullMarked;
