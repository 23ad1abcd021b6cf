/**
 * One layer on its way into the store and out again: decompression, digests, the EROFS file, and
 * beside it the tar split (headers and padding), from which the exact tar is put together again.
 */
@NullMarked
package dev.vivarium.image.layer;

import org.jspecify.annotations.NullMarked;
