/**
 * The network outside the sandbox, as the sentry sees it: descriptors of connections that the
 * network gofer made and handed over, and a thread that waits until they are ready. Everything but
 * that thread runs on the kernel thread, so there are no locks.
 */
@NullMarked
package dev.vivarium.sentry.net.outside;

import org.jspecify.annotations.NullMarked;
