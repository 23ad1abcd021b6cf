/**
 * Events written down: as strace shows them, as JSON lines, as CSV, and in the format that trace
 * viewers (Perfetto, chrome://tracing) open. What comes from a guest is escaped in each of them.
 */
@NullMarked
package dev.vivarium.engine.watch.export;

import org.jspecify.annotations.NullMarked;
