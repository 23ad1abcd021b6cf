/**
 * The client of the gofer, the process that opens host files for the sentry, and the file system
 * over it.
 */
@NullMarked
package dev.vivarium.sentry.gofer;

import org.jspecify.annotations.NullMarked;
