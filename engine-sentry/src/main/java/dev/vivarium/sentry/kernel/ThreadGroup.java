package dev.vivarium.sentry.kernel;

/** A process: the tasks that share an id, signals handlers and a parent. */
public final class ThreadGroup {}
