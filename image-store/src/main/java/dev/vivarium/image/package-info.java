/**
 * The local image store: OCI images as EROFS layers, and their merged read-only view. Depends on
 * nothing of ours.
 *
 * <p>An image comes from a registry ({@code registry}) or a file ({@code archive}) by way of the
 * documents that describe it ({@code oci}); each layer's tar ({@code tar}) becomes an EROFS file
 * ({@code erofs}) in the pass that reads it, with what gives the tar back beside it ({@code
 * layer}); {@code store} keeps them and knows what there is; {@code view} shows an image as one
 * root, from the EROFS files alone.
 *
 * <p>Configurations and manifests are rows of the index and not files: they are small, and so an
 * image appears and goes in one transaction.
 */
@NullMarked
package dev.vivarium.image;

import org.jspecify.annotations.NullMarked;
