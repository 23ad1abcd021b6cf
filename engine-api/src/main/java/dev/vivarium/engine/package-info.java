/**
 * What every engine is to its clients: specification, sandbox, events, run directory, control
 * socket.
 */
@NullMarked
package dev.vivarium.engine;

import org.jspecify.annotations.NullMarked;
