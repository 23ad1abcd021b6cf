/**
 * The process of one sandbox: {@code vivarium-sandbox ID}.
 *
 * <p>Its life: make the run directory and listen; wait for a client's {@code Start}; read the
 * specification; let the engine start; serve clients until the first process ends; write down how
 * it ended, clear the run directory, tell the clients, and stop. A sandbox that was started in the
 * foreground ends with the connection that started it.
 *
 * <p>Or, in the foreground and without a terminal ({@link
 * dev.vivarium.engine.process.SandboxHere}): the command's own process becomes the sandbox's,
 * behind a small program that hands on signals. The rest is the same.
 *
 * <p>One lock order: a connection's write lock is taken inside the lock of {@link
 * dev.vivarium.engine.process.GuestStdio}, never the other way round.
 */
@NullMarked
package dev.vivarium.engine.process;

import org.jspecify.annotations.NullMarked;
