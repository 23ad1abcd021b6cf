/**
 * The local image store: OCI images as EROFS layers, and their merged read-only view. Depends on
 * nothing of ours.
 */
@NullMarked
package dev.vivarium.image;

import org.jspecify.annotations.NullMarked;
