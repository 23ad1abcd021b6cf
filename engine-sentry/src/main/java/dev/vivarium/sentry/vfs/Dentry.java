package dev.vivarium.sentry.vfs;

/** A name in a directory, cached; negative if it has no inode. */
public final class Dentry {}
