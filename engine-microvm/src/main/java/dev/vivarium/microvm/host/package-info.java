/**
 * The host calls of this engine, all in one place: those that the file server makes, and the walls
 * around this process.
 */
@NullMarked
package dev.vivarium.microvm.host;

import org.jspecify.annotations.NullMarked;
