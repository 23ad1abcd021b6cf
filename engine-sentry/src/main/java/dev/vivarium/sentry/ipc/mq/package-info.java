/** POSIX message queues (mq_overview(7)): named queues whose messages come out by priority. */
@NullMarked
package dev.vivarium.sentry.ipc.mq;

import org.jspecify.annotations.NullMarked;
