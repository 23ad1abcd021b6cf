/** Memory outside the heap, for what is read and written millions of times a second. */
@NullMarked
package dev.vivarium.engine.memory;

import org.jspecify.annotations.NullMarked;
