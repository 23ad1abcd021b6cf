/** Images in files: OCI layouts, and OCI's and Docker's archives. */
@NullMarked
package dev.vivarium.image.archive;

import org.jspecify.annotations.NullMarked;
