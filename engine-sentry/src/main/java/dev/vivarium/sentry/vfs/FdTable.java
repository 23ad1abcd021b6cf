package dev.vivarium.sentry.vfs;

/** The descriptors of a process. */
public final class FdTable {}
