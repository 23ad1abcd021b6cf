/**
 * The same work under several engines, side by side; and which of them suits it. Runs are whole
 * commands, timed from outside as a person with a watch would.
 */
@NullMarked
package dev.vivarium.engine.compare;

import org.jspecify.annotations.NullMarked;
