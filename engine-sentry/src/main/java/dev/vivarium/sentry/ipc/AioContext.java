package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.vfs.File;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A context of io_setup(2): requests that are under way, and events that nobody has taken yet. */
public final class AioContext {
  private final int size;
  private final ArrayDeque<Event> events = new ArrayDeque<>();
  private final Map<Long, Polling> polls = new HashMap<>();

  /** Polls that are over and still hold their files. */
  private final ArrayDeque<Polling> over = new ArrayDeque<>();

  private final WaitQueue queue = new WaitQueue();
  private boolean closed;

  public AioContext(int size) {
    this.size = size;
  }

  /** What io_getevents(2) tells. */
  public record Event(long data, long request, long result) {}

  /**
   * A request.
   *
   * @param address of its iocb
   * @param signal counts completions; null if nothing does
   */
  public record Request(long address, long data, @Nullable EventFile signal) {}

  /** The contexts of an address space. */
  public static final class Table {
    /** Events that the contexts of one address space may have room for. */
    private static final int MAX = 65_536;

    private final Map<Long, AioContext> contexts = new HashMap<>();
    private int used;

    public static Table of(MemoryManager mm) {
      Table t = mm.aio;
      if (t == null) {
        t = new Table();
        mm.aio = t;
      }
      return t;
    }

    public int room() {
      return MAX - used;
    }

    public void add(long address, AioContext context) {
      contexts.put(address, context);
      used += context.size;
    }

    public @Nullable AioContext get(long address) {
      return contexts.get(address);
    }

    public @Nullable AioContext remove(long address) {
      AioContext c = contexts.remove(address);
      if (c != null) {
        used -= c.size;
      }
      return c;
    }

    /** The address space goes. */
    public void close(Task t) {
      for (AioContext c : contexts.values()) {
        c.close(t);
      }
      contexts.clear();
    }
  }

  public int size() {
    return size;
  }

  /** Whether one more request may be submitted. */
  public boolean hasRoom(Task t) {
    settle(t);
    return events.size() + polls.size() < size;
  }

  public WaitQueue queue() {
    return queue;
  }

  public boolean isClosed() {
    return closed;
  }

  public @Nullable Event next(Task t) {
    settle(t);
    return events.pollFirst();
  }

  private void settle(Task t) {
    for (Polling p = over.pollFirst(); p != null; p = over.pollFirst()) {
      p.file.drop(t);
    }
  }

  /** A request is done. */
  public void complete(Request r, long result) {
    events.addLast(new Event(r.data(), r.address(), result));
    EventFile signal = r.signal();
    if (signal != null) {
      signal.add(1);
    }
    queue.wake(0);
  }

  /** IOCB_CMD_POLL: completes once the file is ready. */
  public void poll(Request r, File f, int mask) {
    int wanted = mask | Poll.ERR | Poll.HUP;
    int ready = f.poll() & wanted;
    WaitQueue on = f.pollQueue();
    if (ready != 0 || on == null) {
      complete(r, ready);
      return;
    }
    Polling p = new Polling(r, f.acquire(), wanted);
    polls.put(r.address(), p);
    on.add(p);
  }

  /** io_cancel(2): whether the request was under way. */
  public boolean cancel(Task t, long address) {
    Polling p = polls.remove(address);
    if (p == null) {
      return false;
    }
    p.stop(t);
    complete(p.request, 0);
    return true;
  }

  /** Ends all that is under way. */
  public void close(Task t) {
    closed = true;
    settle(t);
    for (Polling p : polls.values()) {
      p.stop(t);
    }
    polls.clear();
    events.clear();
    queue.wake(0);
  }

  private final class Polling extends WaitQueue.Waiter {
    private final Request request;
    private final File file;
    private final int wanted;

    Polling(Request request, File file, int wanted) {
      this.request = request;
      this.file = file;
      this.wanted = wanted;
    }

    @Override
    protected void woken(int woke) {
      int ready = file.poll() & wanted;
      if (ready != 0 && polls.remove(request.address(), this)) {
        WaitQueue on = file.pollQueue();
        if (on != null) {
          on.remove(this);
        }
        over.add(this);
        complete(request, ready);
      }
    }

    void stop(Task t) {
      WaitQueue on = file.pollQueue();
      if (on != null) {
        on.remove(this);
      }
      file.drop(t);
    }
  }
}
