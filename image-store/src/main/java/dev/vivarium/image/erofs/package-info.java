/**
 * EROFS, the kernel's read-only file system, as a layer's form on disk: a tar stream becomes an
 * uncompressed EROFS file in one pass (file data first, each file page-aligned and contiguous, then
 * inodes and directories, the superblock last), and a mapped file is read with bounds on
 * everything. The format is that of the kernel's {@code fs/erofs/erofs_fs.h}.
 */
@NullMarked
package dev.vivarium.image.erofs;

import org.jspecify.annotations.NullMarked;
