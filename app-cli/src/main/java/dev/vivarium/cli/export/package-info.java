/** {@code viv export}: what a sandbox or a profile asks for, in the words of other managers. */
@NullMarked
package dev.vivarium.cli.export;

import org.jspecify.annotations.NullMarked;
