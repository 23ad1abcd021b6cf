/**
 * The guest's kernel: the distribution's own, taken out of its package without installing it, and
 * the initramfs that our agent starts from. Kept beside the images, so that it is fetched once.
 */
@NullMarked
package dev.vivarium.microvm.kernel;

import org.jspecify.annotations.NullMarked;
