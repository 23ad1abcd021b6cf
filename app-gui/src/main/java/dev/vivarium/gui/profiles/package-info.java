/** Profiles: their text beside what it comes to. */
@NullMarked
package dev.vivarium.gui.profiles;

import org.jspecify.annotations.NullMarked;
