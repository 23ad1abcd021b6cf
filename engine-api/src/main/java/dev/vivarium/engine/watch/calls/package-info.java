/**
 * System calls as people read them: what the arguments of each are, out of one table ({@code
 * calls.txt}), and how an event's raw numbers and bytes are shown. The engine asks the same table
 * what of the guest's memory belongs to a call.
 */
@NullMarked
package dev.vivarium.engine.watch.calls;

import org.jspecify.annotations.NullMarked;
