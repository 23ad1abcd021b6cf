package dev.vivarium.sentry.seccomp;

/** Whom the calls go to that a filter leaves to another process (SECCOMP_RET_USER_NOTIF). */
public interface Listener {}
