/**
 * What tasks talk through that is neither a file's content nor a socket: pipes and FIFOs, eventfd,
 * timerfd, signalfd, and epoll, which watches them all.
 *
 * <p>Each object has a core without tasks in it (a try that succeeds or says -EAGAIN), so that its
 * rules are tested on their own, and a {@link dev.vivarium.sentry.vfs.File} that adds the waiting.
 */
@NullMarked
package dev.vivarium.sentry.ipc;

import org.jspecify.annotations.NullMarked;
