/** Constants and layouts of the Linux x86-64 ABI, without logic; each cites its kernel header. */
@NullMarked
package dev.vivarium.sentry.abi;

import org.jspecify.annotations.NullMarked;
