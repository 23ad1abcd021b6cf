/**
 * Guest memory: the memory file, address spaces as VMAs over it, copy-on-write, and copies in and
 * out.
 *
 * <p>Single-threaded: all state is touched by the kernel thread alone.
 */
@NullMarked
package dev.vivarium.sentry.memory;

import org.jspecify.annotations.NullMarked;
