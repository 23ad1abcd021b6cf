/**
 * File systems whose content is guest memory: tmpfs, memfd files, and what the overlay builds on.
 *
 * <p>Names and attributes are Java objects; contents of more than a page lie in the memory file, so
 * that stubs can map them. Nothing here waits.
 */
@NullMarked
package dev.vivarium.sentry.vfs.tmpfs;

import org.jspecify.annotations.NullMarked;
