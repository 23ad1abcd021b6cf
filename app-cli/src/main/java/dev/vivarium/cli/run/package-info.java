/** {@code viv run}: from flags to a specification, and the client of a sandbox that runs. */
@NullMarked
package dev.vivarium.cli.run;

import org.jspecify.annotations.NullMarked;
