/** What a client needs to make a sandbox and to speak with one. */
@NullMarked
package dev.vivarium.engine.client;

import org.jspecify.annotations.NullMarked;
