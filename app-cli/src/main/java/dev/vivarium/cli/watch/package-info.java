/** The verbs that show what a sandbox does, while it does it and afterwards. */
@NullMarked
package dev.vivarium.cli.watch;

import org.jspecify.annotations.NullMarked;
