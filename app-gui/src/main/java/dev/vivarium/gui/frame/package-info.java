/**
 * What every screen of the desktop stands on: the window's frame, actions and their keys, the
 * palette, messages, settings, and the one class that does work outside of the JavaFX thread.
 */
@NullMarked
package dev.vivarium.gui.frame;

import org.jspecify.annotations.NullMarked;
