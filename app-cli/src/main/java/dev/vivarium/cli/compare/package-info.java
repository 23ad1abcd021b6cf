/** {@code viv compare}. */
@NullMarked
package dev.vivarium.cli.compare;

import org.jspecify.annotations.NullMarked;
