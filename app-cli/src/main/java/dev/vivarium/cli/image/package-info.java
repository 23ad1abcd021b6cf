/** Verbs about images, and finding the image of a run. */
@NullMarked
package dev.vivarium.cli.image;

import org.jspecify.annotations.NullMarked;
