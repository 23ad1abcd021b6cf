/**
 * Reads tar streams as layers hold them: ustar, GNU long names and PAX, strictly. Nothing is ever
 * unpacked from here.
 */
@NullMarked
package dev.vivarium.image.tar;

import org.jspecify.annotations.NullMarked;
