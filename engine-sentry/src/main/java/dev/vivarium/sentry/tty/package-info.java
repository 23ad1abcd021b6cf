/**
 * Terminals: the line discipline, pseudo terminals, devpts, and the terminal's part of job control.
 *
 * <p>A {@link dev.vivarium.sentry.tty.Pty} is a pair. What its master writes goes through the
 * {@link dev.vivarium.sentry.tty.LineDiscipline} to the slave's readers; what the slave's programs
 * write goes through its output processing to the master. The sandbox's own terminal is such a pair
 * whose master is the sandbox's client.
 */
@NullMarked
package dev.vivarium.sentry.tty;

import org.jspecify.annotations.NullMarked;
