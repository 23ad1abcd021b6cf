/**
 * Files of the host for a guest: what its kernel asks of a FUSE mount, answered here. {@link
 * dev.vivarium.microvm.files.FileServer} has the threads, {@link
 * dev.vivarium.microvm.files.FuseMount} the protocol, {@link dev.vivarium.microvm.files.HostTree}
 * the host's files.
 *
 * <p>Whatever comes from the guest is hostile. Every path is opened beneath its mount's root by
 * openat2(2), through no link of any kind; a number that stands for a file or an open one is looked
 * up in a table; lengths are bounded by the frame that they came in. Locks: {@link
 * dev.vivarium.microvm.files.NodeTable}'s and {@link dev.vivarium.microvm.files.OpenFiles}'s are
 * leaves.
 */
@NullMarked
package dev.vivarium.microvm.files;

import org.jspecify.annotations.NullMarked;
