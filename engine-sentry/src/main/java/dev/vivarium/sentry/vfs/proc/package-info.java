/**
 * procfs: the kernel's state as files. Text is built when a file is read from its beginning, so
 * that what a reader sees is of one moment; directories of processes are made when they are looked
 * up and hold nothing that could grow old.
 */
@NullMarked
package dev.vivarium.sentry.vfs.proc;

import org.jspecify.annotations.NullMarked;
