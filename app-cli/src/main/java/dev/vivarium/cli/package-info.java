/**
 * The command line. Knows engines only through their API and the service loader.
 *
 * <p>{@link dev.vivarium.cli.Verbs} is the one list of what there is; a verb's class is loaded only
 * when that verb is used or described, and options are declared to picocli by calls rather than by
 * annotations: reading annotations would be the longest part of a short command.
 */
@NullMarked
package dev.vivarium.cli;

import org.jspecify.annotations.NullMarked;
