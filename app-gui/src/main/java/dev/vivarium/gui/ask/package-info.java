/** Questions of running sandboxes to the person: may it reach that? */
@NullMarked
package dev.vivarium.gui.ask;

import org.jspecify.annotations.NullMarked;
