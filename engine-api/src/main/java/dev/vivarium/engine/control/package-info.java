/**
 * The control socket: the messages between a sandbox's process and its clients, and their frames.
 */
@NullMarked
package dev.vivarium.engine.control;

import org.jspecify.annotations.NullMarked;
