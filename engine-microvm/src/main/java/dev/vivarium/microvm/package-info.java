/** The microVM engine: a real Linux kernel per sandbox. */
@NullMarked
package dev.vivarium.microvm;

import org.jspecify.annotations.NullMarked;
