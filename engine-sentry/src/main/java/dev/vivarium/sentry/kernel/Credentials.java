package dev.vivarium.sentry.kernel;

/** User and group identities and capabilities of a task; immutable, shared. */
public final class Credentials {}
