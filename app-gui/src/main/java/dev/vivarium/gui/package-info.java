/** The JavaFX desktop. Knows engines only through their API and the service loader. */
@NullMarked
package dev.vivarium.gui;

import org.jspecify.annotations.NullMarked;
