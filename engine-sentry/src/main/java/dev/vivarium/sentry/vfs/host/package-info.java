/**
 * The standard streams of a sandbox's first process: descriptors that this process inherited, or
 * byte streams that a client holds.
 *
 * <p>The kernel thread never blocks on them. Inherited descriptors are read and written only as far
 * as that needs no waiting, and a helper thread ({@link dev.vivarium.sentry.vfs.host.HostPoller})
 * says when more is possible: so no input is taken that no guest asked for, and output keeps its
 * order. Byte streams are joined to the guest by pipes or by a terminal, which the kernel has
 * anyway; a thread for each moves the bytes.
 */
@NullMarked
package dev.vivarium.sentry.vfs.host;

import org.jspecify.annotations.NullMarked;
