/**
 * A file system device of a machine, made outside of its monitor, which speaks vhost-user with us:
 * the guest's kernel puts its FUSE requests into rings in its memory, which is mapped here. {@link
 * dev.vivarium.microvm.vhost.FileDevices} has the sockets and the threads, {@link
 * dev.vivarium.microvm.vhost.VhostSession} the protocol with the monitor, {@link
 * dev.vivarium.microvm.vhost.Virtqueue} a ring. The answers are {@link
 * dev.vivarium.microvm.files.FileServer}'s, as for the channel.
 *
 * <p>The guest's memory and the monitor are hostile. What lies in the memory is read once, checked,
 * and used; every address and length is checked against what the monitor has given us. One thread
 * does all for a device, so memory is never taken away from under a ring. The one lock, around the
 * socket of a device, is a leaf.
 */
@NullMarked
package dev.vivarium.microvm.vhost;

import org.jspecify.annotations.NullMarked;
