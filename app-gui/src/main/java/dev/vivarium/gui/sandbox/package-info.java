/** Sandboxes: the list of all, kept true by looking again and again, and the screen of one. */
@NullMarked
package dev.vivarium.gui.sandbox;

import org.jspecify.annotations.NullMarked;
