/**
 * The registry protocol, version 2 (OCI distribution): manifests and blobs over HTTP. A registry is
 * hostile: what it sends is bounded, redirects lead to http(s) only and never from https to http,
 * and credentials go to nobody but the registry and the token service that it names over https.
 */
@NullMarked
package dev.vivarium.image.registry;

import org.jspecify.annotations.NullMarked;
