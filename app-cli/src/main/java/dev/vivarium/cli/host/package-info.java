/** Verbs about this machine and this installation. */
@NullMarked
package dev.vivarium.cli.host;

import org.jspecify.annotations.NullMarked;
