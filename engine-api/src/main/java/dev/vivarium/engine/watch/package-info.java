/**
 * What is seen of a sandbox while it runs: one model of events for all engines, and how it travels.
 *
 * <pre>
 *   engine ──Instrument──▶ EventWriter ──▶ events.ring ──▶ EventReader ──▶ trace, events, report
 *      │                                  (mapped file)
 *      └─ CallStatistics, exact whatever the ring loses ──▶ control socket ──▶ latency, stats
 * </pre>
 *
 * {@link dev.vivarium.engine.watch.Watch} knows who looks, and tells the engine to begin and to
 * stop; while nobody does there is no ring, and the engine pays for one look at a null field. What
 * is in a ring comes from a sandbox: the reader checks every number and every length in it.
 *
 * <p>Locks: the monitor of {@code Watch} alone, never held while an engine writes.
 */
@NullMarked
package dev.vivarium.engine.watch;

import org.jspecify.annotations.NullMarked;
