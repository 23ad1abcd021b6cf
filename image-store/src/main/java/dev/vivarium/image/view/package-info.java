/** The merged, read-only view of an image's layers, as both engines see it. */
@NullMarked
package dev.vivarium.image.view;

import org.jspecify.annotations.NullMarked;
