/** The device file system, and what opening a device node or a FIFO means. */
@NullMarked
package dev.vivarium.sentry.vfs.dev;

import org.jspecify.annotations.NullMarked;
