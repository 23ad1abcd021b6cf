package dev.vivarium.sentry.vfs;

/** Root, working directory and umask of a process. */
public final class FsContext {}
