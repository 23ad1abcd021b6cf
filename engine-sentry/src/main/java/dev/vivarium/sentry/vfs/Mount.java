package dev.vivarium.sentry.vfs;

/** A file system as it is mounted somewhere. */
public final class Mount {}
