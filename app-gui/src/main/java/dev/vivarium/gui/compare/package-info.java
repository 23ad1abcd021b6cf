/** The same command under each engine, side by side. */
@NullMarked
package dev.vivarium.gui.compare;

import org.jspecify.annotations.NullMarked;
