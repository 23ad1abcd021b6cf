/**
 * A writable view over a read-only file system. What the guest changes lies in memory; everything
 * else is looked up below when it is asked for.
 *
 * <p>An overlay inode stands for one lower inode, found by its number, or for a new file. While
 * nothing of it was changed it can be forgotten and made again; once changed it is kept. Because
 * the inode goes with its name when a directory is renamed, and all links of a lower file lead to
 * the same inode, the guest sees neither EXDEV nor broken links, and numbers do not change at
 * copy-up.
 *
 * <p>As with Linux's overlayfs, a mapping made before a file was first changed goes on showing the
 * lower file.
 */
@NullMarked
package dev.vivarium.sentry.vfs.overlay;

import org.jspecify.annotations.NullMarked;
