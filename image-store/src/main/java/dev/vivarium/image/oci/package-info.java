/** OCI's and Docker's JSON documents: descriptors, manifests, indexes, as untrusted input. */
@NullMarked
package dev.vivarium.image.oci;

import org.jspecify.annotations.NullMarked;
