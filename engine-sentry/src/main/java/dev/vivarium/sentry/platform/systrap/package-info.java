/**
 * The systrap platform: guest system calls become SIGSYS in a stub process, whose handler hands its
 * registers to the sentry through a shared page.
 */
@NullMarked
package dev.vivarium.sentry.platform.systrap;

import org.jspecify.annotations.NullMarked;
