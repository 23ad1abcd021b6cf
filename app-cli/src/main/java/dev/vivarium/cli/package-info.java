/** The command line. Knows engines only through their API and the service loader. */
@NullMarked
package dev.vivarium.cli;

import org.jspecify.annotations.NullMarked;
