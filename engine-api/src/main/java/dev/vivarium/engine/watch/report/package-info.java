/**
 * The report of a run, for a person who decides whether to trust what ran: collected from its
 * events while it runs, judged at its end, and shown as text, JSON or one HTML file.
 *
 * <p>A report is a tree of maps, lists, texts, numbers and booleans, as
 * docs/schemas/report.schema.json describes it: what is written is what is read back. All texts in
 * it that came from the guest are escaped ({@link dev.vivarium.engine.watch.Escape#c}) when they go
 * into it.
 */
@NullMarked
package dev.vivarium.engine.watch.report;

import org.jspecify.annotations.NullMarked;
