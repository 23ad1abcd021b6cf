/** sysfs: as much of it as programs look for that ask about processors, memory and networks. */
@NullMarked
package dev.vivarium.sentry.vfs.sys;

import org.jspecify.annotations.NullMarked;
