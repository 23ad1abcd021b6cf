/** The desktop, clicked through in a real window. */
@NullMarked
package dev.vivarium.desktop;

import org.jspecify.annotations.NullMarked;
