/**
 * A terminal: JediTerm's emulator on one thread, a sandbox's process at the other end of a control
 * connection, and a canvas of ours that draws what the emulator's screen holds. What a guest writes
 * can change nothing here but that screen: titles are bounded, and nothing of it reaches the
 * clipboard.
 */
@NullMarked
package dev.vivarium.gui.terminal;

import org.jspecify.annotations.NullMarked;
