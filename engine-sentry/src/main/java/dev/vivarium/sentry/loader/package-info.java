/** Loading programs: ELF images, interpreters, scripts, the initial stack. */
@NullMarked
package dev.vivarium.sentry.loader;

import org.jspecify.annotations.NullMarked;
