/**
 * Which hosts a sandbox may speak with: the rules as people write them, what they mean, and what
 * every address is. Pure decisions, without a socket: the sentry's network gofer is told the same
 * policy and decides the same way (a test compares the two), and other engines may ask here.
 */
@NullMarked
package dev.vivarium.profiles.network;

import org.jspecify.annotations.NullMarked;
