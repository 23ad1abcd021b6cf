/**
 * The sentry engine: a user-space Linux kernel that answers every system call of the guest.
 *
 * <p>Arrows between the packages: {@code abi} and {@code host} know nothing of ours; {@code memory}
 * knows {@code host}, {@code abi} and {@code platform}; {@code platform.systrap} implements {@code
 * platform}; {@code vfs} and {@code kernel} know {@code memory}; {@code syscalls} knows all of
 * these and is known by none but the engine itself.
 */
@NullMarked
package dev.vivarium.sentry;

import org.jspecify.annotations.NullMarked;
