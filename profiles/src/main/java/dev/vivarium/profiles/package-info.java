/**
 * The policy model: built-in profiles, validation and the isolation advisor. Depends on nothing of
 * ours.
 */
@NullMarked
package dev.vivarium.profiles;

import org.jspecify.annotations.NullMarked;
