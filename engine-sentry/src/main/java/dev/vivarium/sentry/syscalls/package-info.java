/**
 * The system-call table and its handlers: one topic is one class; a handler decodes, validates,
 * calls a kernel object and copies out.
 */
@NullMarked
package dev.vivarium.sentry.syscalls;

import org.jspecify.annotations.NullMarked;
