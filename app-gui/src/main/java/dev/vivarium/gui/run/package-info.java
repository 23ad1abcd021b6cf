/** Starting a sandbox: a form, and the command that it comes to. */
@NullMarked
package dev.vivarium.gui.run;

import org.jspecify.annotations.NullMarked;
