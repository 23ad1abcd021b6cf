/** Images: the list, what they are made of, what they take, and fetching them. */
@NullMarked
package dev.vivarium.gui.images;

import org.jspecify.annotations.NullMarked;
