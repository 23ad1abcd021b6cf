/**
 * The store: images, tags and layers on this machine. Layers are EROFS files named by their diff
 * id, manifests and configurations are blobs named by their digest, and a SQLite database is the
 * only index.
 */
@NullMarked
package dev.vivarium.image.store;

import org.jspecify.annotations.NullMarked;
