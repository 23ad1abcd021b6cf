/**
 * The cgroup v2 file system as a sandbox sees it: one group, its own, whose files tell programs
 * what they may use. Nothing can be changed through it.
 */
@NullMarked
package dev.vivarium.sentry.vfs.cgroup;

import org.jspecify.annotations.NullMarked;
