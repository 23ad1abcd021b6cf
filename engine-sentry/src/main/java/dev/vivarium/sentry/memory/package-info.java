/**
 * Guest memory: the memory file, address spaces as VMAs over it, copy-on-write, and copies in and
 * out.
 *
 * <p>Single-threaded: all state is touched by the kernel thread alone.
 *
 * <h2>From address to memory</h2>
 *
 * <pre>
 *   Vma       [start, end) protection, flags, file      what the guest asked for
 *   Pma       [start, end) space, offset, writable      the memory behind a part of a Vma
 *   HostSide  queued map, unmap, protect                what a stub has mapped
 *   MemoryFile  units of 64 KiB with counts             whose memory it is
 * </pre>
 *
 * A fault of a guest costs several times what a host mapping costs, and memory that nobody touches
 * costs nothing because the host fills pages on demand. So private memory up to 16 MiB is allocated
 * and mapped by the system call that asks for it, larger memory in chunks that double, and file
 * content that is at hand as a whole: an execve of a dynamic program takes no fault at all, and
 * some twenty host mappings.
 *
 * <h2>Copy on write</h2>
 *
 * A piece of a private mapping that is not {@link dev.vivarium.sentry.memory.Pma#writable} is
 * mapped without PROT_WRITE. A write takes the memory over if nobody else refers to it, together
 * with all its neighbours of which the same is true, or copies it. What was written after one fork
 * is copied for the child by the next fork already, because both sides will write to it again
 * (stack, the C library's data), and so is what earlier children wrote to first ({@link
 * dev.vivarium.sentry.memory.ForkWrites}): a program that forks in a loop takes hardly a fault.
 *
 * <h2>Why memory cannot show through where it must not</h2>
 *
 * <ul>
 *   <li>Units go back only when the operations that unmap them have been carried out ({@link
 *       dev.vivarium.sentry.memory.HostSide#freeLater}).
 *   <li>Operations queued through different contexts of one address space could overtake each
 *       other, so with several contexts each change is carried out before the next ({@link
 *       dev.vivarium.sentry.memory.HostSide#commit}).
 *   <li>The unused rest of a unit is handed out only if it is known to be zero. A freed unit that
 *       has not been given back to the host is used for copies alone, and only what was copied is
 *       mapped.
 * </ul>
 */
@NullMarked
package dev.vivarium.sentry.memory;

import org.jspecify.annotations.NullMarked;
