/**
 * The only package that makes host calls: system calls, host memory and descriptors. They go
 * through a library of two functions, which a sandbox starts faster with, or else through jnr-ffi.
 */
@NullMarked
package dev.vivarium.sentry.host;

import org.jspecify.annotations.NullMarked;
