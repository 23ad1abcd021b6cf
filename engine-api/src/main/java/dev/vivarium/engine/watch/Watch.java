package dev.vivarium.engine.watch;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Who looks at one sandbox, and what the engine is therefore to tell. The ring is made when the
 * first reader comes; from the moment that the last one goes the engine writes nothing.
 */
public final class Watch implements EventSink {
  /** Its name in the run directory. */
  public static final String FILE = "events.ring";

  private static final int SLOTS = 1 << 16;
  private static final int PAYLOAD_BYTES = 1 << 23;

  private final Path ring;
  private final long originNanos = System.nanoTime();
  private final HostStatistics hosts = new HostStatistics();
  private @Nullable Instrument instrument;
  private @Nullable EventWriter writer;
  private int readers;
  private int counters;
  private int waits;
  private int packets;
  private boolean ended;

  /** The writer while there are readers. */
  private volatile @Nullable EventWriter active;

  /**
   * @param runDirectory where the ring goes
   */
  public Watch(Path runDirectory) {
    this.ring = runDirectory.resolve(FILE);
  }

  /** What the times of events count from, on the clock of {@link System#nanoTime}. */
  public long originNanos() {
    return originNanos;
  }

  /** Where the ring is, once somebody reads. */
  public Path ring() {
    return ring;
  }

  /** From the engine, before its guest's first instruction: who makes events. */
  public void attach(Instrument engine) {
    synchronized (this) {
      instrument = engine;
    }
    tell();
  }

  /**
   * Begins to look.
   *
   * @param events whether events are to be written into the ring
   * @param counts whether calls are to be counted; once begun, that goes on to the end
   * @return closed when the looking is over
   * @throws IOException if the ring cannot be made
   */
  public Closeable look(boolean events, boolean counts) throws IOException {
    return look(new Wants(events, counts, false, false));
  }

  /**
   * Begins to look.
   *
   * @return closed when the looking is over
   * @throws IOException if the ring cannot be made
   */
  public Closeable look(Wants wants) throws IOException {
    Instrument engine;
    synchronized (this) {
      engine = instrument;
    }
    if (engine != null) {
      engine.check(wants);
    }
    synchronized (this) {
      if (wants.anyEvents()) {
        openWriter();
      }
      count(wants, 1);
      counters += wants.counts() ? 1 : 0;
    }
    tell();
    return new Look(wants);
  }

  private void count(Wants wants, int more) {
    readers += wants.events() ? more : 0;
    waits += wants.waits() ? more : 0;
    packets += wants.packets() ? more : 0;
  }

  private final class Look implements Closeable {
    private final Wants wants;
    private boolean over;

    Look(Wants wants) {
      this.wants = wants;
    }

    @Override
    public void close() {
      synchronized (Watch.this) {
        if (over) {
          return;
        }
        over = true;
        count(wants, -1);
      }
      tell();
    }
  }

  private EventWriter openWriter() throws IOException {
    EventWriter w = writer;
    if (w == null) {
      w = EventWriter.create(ring, SLOTS, PAYLOAD_BYTES, originNanos);
      writer = w;
      if (ended) {
        w.end();
      }
    }
    return w;
  }

  /**
   * Has the writers wait for a reader in this process: nothing may be missing in what it writes.
   */
  synchronized void follow(EventWriter.Follower follower) throws IOException {
    openWriter().setBackPressure(follower);
  }

  private void tell() {
    Instrument engine;
    EventWriter events;
    boolean counting;
    synchronized (this) {
      active = readers + packets > 0 ? writer : null;
      engine = instrument;
      events = readers > 0 ? writer : null;
      counting = counters > 0;
      if (engine != null) {
        // In the order in which it was decided.
        engine.watchPackets(packets > 0 ? writer : null);
        engine.watchWaits(waits > 0);
        engine.watch(events, counting);
      }
    }
  }

  /** Whether calls are counted. */
  public synchronized boolean isCounting() {
    return counters > 0;
  }

  /** The sandbox is over: readers come to an end when they have taken what is there. */
  public void end() {
    EventWriter w;
    synchronized (this) {
      ended = true;
      w = writer;
    }
    if (w != null) {
      w.end();
    }
  }

  /**
   * What there is now.
   *
   * @throws IOException if nobody can tell
   */
  public Statistics statistics() throws IOException, InterruptedException {
    Instrument engine;
    synchronized (this) {
      engine = instrument;
    }
    if (engine == null) {
      throw new IOException("its engine does not tell what it does");
    }
    Statistics s = engine.statistics();
    return new Statistics(
        System.nanoTime() - originNanos,
        s.countedNanos(),
        s.resources(),
        s.calls(),
        s.files(),
        hosts.rows(),
        s.lostFiles());
  }

  // ---- what comes from outside of system calls ----

  @Override
  public boolean isWatched() {
    return active != null;
  }

  @Override
  public void connected(String host, int port, long durationNanos) {
    hosts.connected(host, port, durationNanos);
  }

  @Override
  public void network(NetworkEvent e) {
    hosts.add(e);
    EventWriter w = active;
    if (w != null) {
      w.network(e, new Payload());
    }
  }

  @Override
  public void limit(int pid, String what) {
    EventWriter w = active;
    if (w != null) {
      Payload payload = new Payload();
      payload.add(0, what);
      w.event(EventKind.LIMIT, pid, pid, 0, 0, 0, 0, 0, 0, payload);
    }
  }

  @Override
  public void policy(int pid, boolean allowed, String what, String rule) {
    policy(pid, allowed ? 1 : 0, what, rule);
  }

  @Override
  public void asks(int pid, String what, String rule) {
    policy(pid, Event.ASKS, what, rule);
  }

  private void policy(int pid, int decision, String what, String rule) {
    EventWriter w = active;
    if (w != null) {
      Payload payload = new Payload();
      payload.add(0, what);
      payload.add(1, rule);
      w.event(EventKind.POLICY, pid, pid, 0, 0, 0, 0, decision, 0, payload);
    }
  }
}
