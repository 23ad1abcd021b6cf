/** The root file system of an image, read straight from the mapped EROFS layers. */
@NullMarked
package dev.vivarium.sentry.vfs.image;

import org.jspecify.annotations.NullMarked;
