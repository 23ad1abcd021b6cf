/**
 * Views that take the whole terminal and live, with keys as in top: a loop, keys, and lines that
 * fit.
 */
@org.jspecify.annotations.NullMarked
package dev.vivarium.cli.screen;
