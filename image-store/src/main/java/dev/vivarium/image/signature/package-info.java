/**
 * Signatures of images as cosign makes them: which key signed which manifest. Only keys that the
 * user names are believed.
 */
@NullMarked
package dev.vivarium.image.signature;

import org.jspecify.annotations.NullMarked;
