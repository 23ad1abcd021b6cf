/**
 * What is on disk of a sandbox: its run directory while it lives, its entry in the state directory
 * until it is removed, and the names that lead to them.
 *
 * <p>Whether a sandbox lives is not a question of its {@code state.json} but of its {@code lock}
 * file: the sandbox's process holds a lock on it that the kernel takes away when the process ends,
 * however it ends. Whoever finds a run directory without that lock takes the lock, writes down that
 * the sandbox failed, and clears the directory.
 */
@NullMarked
package dev.vivarium.engine.state;

import org.jspecify.annotations.NullMarked;
