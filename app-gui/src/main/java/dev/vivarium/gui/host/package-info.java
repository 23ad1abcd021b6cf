/** The machine: what it can do, and how this desktop is set. */
@NullMarked
package dev.vivarium.gui.host;

import org.jspecify.annotations.NullMarked;
