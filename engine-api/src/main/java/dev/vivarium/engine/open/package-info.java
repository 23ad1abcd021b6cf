/**
 * Opening a file of unknown origin: what it is ({@link dev.vivarium.engine.open.Detector}), how it
 * would be run ({@link dev.vivarium.engine.open.Planner}), and bringing it to where a sandbox gets
 * it from ({@link dev.vivarium.engine.open.Intake}, {@link dev.vivarium.engine.open.Download}).
 * Nothing in here runs, unpacks or trusts it; what is read of it is bounded.
 */
@NullMarked
package dev.vivarium.engine.open;

import org.jspecify.annotations.NullMarked;
