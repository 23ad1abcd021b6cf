/** What is watched: every system call as an event, written as JSON lines. */
@NullMarked
package dev.vivarium.sentry.trace;

import org.jspecify.annotations.NullMarked;
