/**
 * Containers of other managers: an OCI bundle becomes a sandbox's specification, and this JVM the
 * sandbox. The command line that such managers call is the small C program {@code vivarium-oci}
 * (app-cli), which starts this JVM for {@code create} and serves the rest alone.
 */
@NullMarked
package dev.vivarium.engine.oci;

import org.jspecify.annotations.NullMarked;
