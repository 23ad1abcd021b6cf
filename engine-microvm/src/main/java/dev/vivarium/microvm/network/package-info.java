/**
 * A guest's network: the network gofer, a program that this engine shares with the sentry's,
 * started so that it keeps the guest's connections itself ({@code guest.c}). Here it is only
 * started, and what it tells of the guest's attempts is passed on.
 */
@NullMarked
package dev.vivarium.microvm.network;

import org.jspecify.annotations.NullMarked;
