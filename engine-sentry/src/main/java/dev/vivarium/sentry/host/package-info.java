/**
 * The only package that makes host calls: a jnr-ffi binding of libc, host memory and descriptors.
 */
@NullMarked
package dev.vivarium.sentry.host;

import org.jspecify.annotations.NullMarked;
