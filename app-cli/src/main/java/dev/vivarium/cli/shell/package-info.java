/**
 * The REPL: the commands of {@code viv} on one prompt, with completion, history, variables, pipes
 * to this machine's programs, and scripts.
 */
@NullMarked
package dev.vivarium.cli.shell;

import org.jspecify.annotations.NullMarked;
