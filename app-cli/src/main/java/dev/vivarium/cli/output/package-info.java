/** Tables, JSON and progress. */
@NullMarked
package dev.vivarium.cli.output;

import org.jspecify.annotations.NullMarked;
