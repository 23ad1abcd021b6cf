/**
 * Sockets of the sandbox's own network: Unix sockets, and TCP and UDP over loopback. No packet is
 * made anywhere: a connection is two sockets that know each other, and data goes straight into the
 * receiver's queue.
 */
@NullMarked
package dev.vivarium.sentry.net;

import org.jspecify.annotations.NullMarked;
