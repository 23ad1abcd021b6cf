/**
 * The virtual file system: inodes, dentries, mounts, open files, path walking.
 *
 * <p>Names are Strings that hold one byte per char (ISO-8859-1), so that any byte sequence
 * survives. Operations return 0 or a count, or a negative errno, as Linux does inside.
 */
@NullMarked
package dev.vivarium.sentry.vfs;

import org.jspecify.annotations.NullMarked;
