/** Verbs about sandboxes that exist. */
@NullMarked
package dev.vivarium.cli.sandbox;

import org.jspecify.annotations.NullMarked;
