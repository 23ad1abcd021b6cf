package dev.vivarium.sentry.kernel;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;

/** A process group: the processes of one job. It exists as long as it has members. */
public final class ProcessGroup {
  private final int id;
  private final Session session;
  final LinkedHashSet<ThreadGroup> members = new LinkedHashSet<>();

  ProcessGroup(int id, Session session) {
    this.id = id;
    this.session = session;
  }

  public int id() {
    return id;
  }

  public Session session() {
    return session;
  }

  public Collection<ThreadGroup> members() {
    return Collections.unmodifiableCollection(members);
  }

  /** Sends the signal to every member, as the kernel: without asking for permission. */
  public void sendSignal(SignalInfo info) {
    for (ThreadGroup g : snapshot()) {
      g.sendSignal(info);
    }
  }

  /**
   * Whether no member has a parent that could continue it: a parent outside this group but in its
   * session. Terminal stop signals do not stop such a group, and it cannot read its terminal.
   */
  public boolean isOrphaned() {
    return isOrphanedWithout(null);
  }

  /** {@link #isOrphaned}, as it would be if {@code leaving} were gone already. */
  boolean isOrphanedWithout(@org.jspecify.annotations.Nullable ThreadGroup leaving) {
    for (ThreadGroup g : members) {
      ThreadGroup parent = g.parent();
      if (g == leaving || g.isDead() || parent == null || parent.isDead()) {
        continue;
      }
      ProcessGroup other = parent.processGroup();
      if (other != this && other.session == session) {
        return false;
      }
    }
    return true;
  }

  boolean hasStoppedMember() {
    for (ThreadGroup g : members) {
      if (g.isStopped()) {
        return true;
      }
    }
    return false;
  }

  /** Members now; sending a signal may change who they are. */
  public List<ThreadGroup> snapshot() {
    return new ArrayList<>(members);
  }
}
