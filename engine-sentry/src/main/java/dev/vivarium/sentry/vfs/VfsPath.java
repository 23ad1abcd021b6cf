package dev.vivarium.sentry.vfs;

/** A place in the tree: a dentry as seen through a mount (Linux's {@code struct path}). */
public record VfsPath(Mount mount, Dentry dentry) {}
