/** {@code viv profile}: named policies, read, checked, compared and made. */
@NullMarked
package dev.vivarium.cli.profile;

import org.jspecify.annotations.NullMarked;
