package dev.vivarium.sentry.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who has which number: tasks, thread groups, process groups and sessions share one id space. */
public final class PidTable {
  /** Highest id ever given out, as /proc/sys/kernel/pid_max shows it. */
  public static final int PID_MAX = 32768;

  /** After a wrap-around ids below this stay with those that started first (kernel/pid.c). */
  private static final int RESERVED_PIDS = 300;

  private int limit;
  private final TreeMap<Integer, Task> tasks = new TreeMap<>();
  private final Map<Integer, ProcessGroup> processGroups = new HashMap<>();
  private final Map<Integer, Session> sessions = new HashMap<>();
  private int last;

  /**
   * @param limit how many tasks may exist at once
   */
  public PidTable(int limit) {
    this.limit = Math.min(limit, PID_MAX - RESERVED_PIDS);
  }

  /**
   * Allows at most this many tasks, if that is fewer than so far: root in the sandbox is bound by
   * it too.
   */
  public void lowerLimit(int tasks) {
    limit = Math.min(limit, tasks);
  }

  /**
   * Finds a free id and the room for another task.
   *
   * @return the id, or 0 if there are too many tasks
   */
  public int allocate() {
    if (tasks.size() >= limit) {
      return 0;
    }
    int id = last;
    for (int tries = 0; tries < PID_MAX; tries++) {
      id = id + 1 >= PID_MAX ? RESERVED_PIDS : id + 1;
      if (!inUse(id)) {
        last = id;
        return id;
      }
    }
    return 0;
  }

  private boolean inUse(int id) {
    return tasks.containsKey(id) || processGroups.containsKey(id) || sessions.containsKey(id);
  }

  /** The task (thread) of this id, also a zombie; null if there is none. */
  public @Nullable Task task(int tid) {
    return tasks.get(tid);
  }

  /** The process of this id: its leader's tid. Null if there is none. */
  public @Nullable ThreadGroup group(int pid) {
    Task t = tasks.get(pid);
    return t != null && t.group.pid() == pid ? t.group : null;
  }

  public @Nullable ProcessGroup processGroup(int id) {
    return processGroups.get(id);
  }

  public @Nullable Session session(int id) {
    return sessions.get(id);
  }

  /** All processes, ascending by pid; a copy. */
  public List<ThreadGroup> groups() {
    List<ThreadGroup> all = new ArrayList<>();
    for (Map.Entry<Integer, Task> e : tasks.entrySet()) {
      ThreadGroup g = e.getValue().group;
      if (g.pid() == e.getKey()) {
        all.add(g);
      }
    }
    return all;
  }

  /** How many tasks there are, zombies included. */
  public int taskCount() {
    return tasks.size();
  }

  /** How many tasks there are of a real user id. */
  public int countOf(int uid) {
    int n = 0;
    for (Task t : tasks.values()) {
      if (t.creds.ruid == uid) {
        n++;
      }
    }
    return n;
  }

  /** The id given out last, as /proc/loadavg shows it. */
  public int lastPid() {
    return last;
  }

  void add(Task task) {
    if (tasks.putIfAbsent(task.tid(), task) != null) {
      throw new IllegalStateException("tid in use: " + task.tid());
    }
  }

  void remove(Task task) {
    tasks.remove(task.tid(), task);
  }

  /** execve by a thread that is not the leader: it takes over the leader's id. */
  void rename(Task task, int oldTid) {
    tasks.remove(oldTid, task);
    tasks.put(task.tid(), task);
  }

  void add(ProcessGroup group) {
    processGroups.put(group.id(), group);
  }

  void remove(ProcessGroup group) {
    processGroups.remove(group.id(), group);
    Session s = group.session();
    for (ProcessGroup other : processGroups.values()) {
      if (other.session() == s) {
        return;
      }
    }
    sessions.remove(s.id(), s);
  }

  void add(Session session) {
    sessions.put(session.id(), session);
  }
}
