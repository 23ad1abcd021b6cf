/**
 * The microVM engine: a real Linux kernel per sandbox. The sandbox's process starts a virtual
 * machine monitor ({@link dev.vivarium.microvm.vmm}) with a kernel ({@link
 * dev.vivarium.microvm.kernel}) and the image's layers as read-only disks, and tells the agent
 * inside ({@link dev.vivarium.microvm.agent}) what to run.
 */
@NullMarked
package dev.vivarium.microvm;

import org.jspecify.annotations.NullMarked;
