package dev.vivarium.engine.process;

import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.watch.Wants;
import dev.vivarium.engine.watch.Watch;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who of the clients looks: what each asks for lasts as long as its connection. */
final class WatchFeed {
  private final Map<ControlConnection, Closeable> looks = new HashMap<>();
  private final Set<ControlConnection> counting = new HashSet<>();

  /** A client begins to look, changes what it looks at, or ends it. */
  void look(ControlConnection from, ControlMessage.Watch wanted, @Nullable Watch watch)
      throws IOException {
    String problem = "";
    try {
      Wants wants = new Wants(wanted.events(), wanted.counts(), wanted.waits(), wanted.packets());
      Closeable next = wants.anyEvents() || wants.counts() ? require(watch).look(wants) : null;
      Closeable last;
      synchronized (this) {
        last = next == null ? looks.remove(from) : looks.put(from, next);
        if (wanted.counts()) {
          counting.add(from);
        } else {
          counting.remove(from);
        }
      }
      if (last != null) {
        last.close();
      }
    } catch (IOException e) {
      problem = Reason.of(e);
    }
    from.send(new ControlMessage.Watching(problem));
  }

  private static Watch require(@Nullable Watch watch) throws IOException {
    if (watch == null) {
      throw new IOException("it does not run");
    }
    return watch;
  }

  /** The engine has ended: who counts gets the last figures without asking. */
  void end(@Nullable Watch watch) {
    List<ControlConnection> all;
    synchronized (this) {
      all = List.copyOf(counting);
      counting.clear();
    }
    for (ControlConnection to : all) {
      try {
        statistics(to, watch);
      } catch (IOException e) {
        // It is gone.
      }
    }
  }

  /** Sends the figures of this moment. */
  void statistics(ControlConnection to, @Nullable Watch watch) throws IOException {
    byte[] bytes;
    try {
      bytes = require(watch).statistics().encode();
    } catch (IOException e) {
      to.send(new ControlMessage.StatisticsEnd(Reason.of(e)));
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      to.send(new ControlMessage.StatisticsEnd("interrupted"));
      return;
    }
    for (int at = 0; at < bytes.length; at += ControlMessage.MAX_DATA) {
      int end = Math.min(bytes.length, at + ControlMessage.MAX_DATA);
      to.send(new ControlMessage.StatisticsPart(Arrays.copyOfRange(bytes, at, end)));
    }
    to.send(new ControlMessage.StatisticsEnd(""));
  }

  /** The connection is no more. */
  void closed(ControlConnection connection) {
    Closeable look;
    synchronized (this) {
      look = looks.remove(connection);
      counting.remove(connection);
    }
    if (look != null) {
      try {
        look.close();
      } catch (IOException e) {
        throw new AssertionError("ending a look cannot fail", e);
      }
    }
  }
}
