/**
 * What one sandbox does, live: its calls as they come, how long they take, its processes.
 *
 * <p>{@link dev.vivarium.gui.watch.CallFeed} reads the ring of events on a thread of its own and
 * keeps a bounded number of them; views take what they can show, once per frame. Locks: the feed's
 * own alone, held for as long as it takes to copy some events.
 */
@NullMarked
package dev.vivarium.gui.watch;

import org.jspecify.annotations.NullMarked;
