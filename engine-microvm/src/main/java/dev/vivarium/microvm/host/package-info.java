/** The host calls that the file server makes, all in one place. */
@NullMarked
package dev.vivarium.microvm.host;

import org.jspecify.annotations.NullMarked;
