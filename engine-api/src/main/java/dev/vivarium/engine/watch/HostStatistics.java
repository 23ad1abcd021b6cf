package dev.vivarium.engine.watch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Adds up what was said of the network, per host, port and protocol. From any thread. */
final class HostStatistics {
  private static final int MOST_HOSTS = 1000;

  private record Key(String name, int port, String protocol, boolean allowed) {}

  private static final class Row {
    private final LatencyHistogram latency = new LatencyHistogram();
    private long connections;
    private long sent;
    private long received;
  }

  private final Map<Key, Row> rows = new LinkedHashMap<>();

  synchronized void add(NetworkEvent e) {
    switch (e.action()) {
      case CONNECT, ACCEPT, SEND, CLOSE -> {
        String name = e.name().isEmpty() ? e.address() : e.name();
        Row row = row(new Key(name, e.port(), e.protocol(), e.allowed()));
        if (row == null) {
          return;
        }
        if (e.action() == NetworkEvent.Action.CLOSE) {
          row.sent += e.sent();
          row.received += e.received();
        } else {
          row.connections++;
          if (e.durationNanos() > 0) {
            row.latency.record(e.durationNanos());
          }
        }
      }
      case LISTEN, RESOLVE -> {
        // no host's traffic
      }
    }
  }

  /** How long it took to connect to a host, of whose connection {@link #add} knows already. */
  synchronized void connected(String name, int port, long nanos) {
    Row row = row(new Key(name, port, "tcp", true));
    if (row != null) {
      row.latency.record(nanos);
    }
  }

  private @Nullable Row row(Key key) {
    Row row = rows.get(key);
    if (row == null && rows.size() < MOST_HOSTS) {
      row = new Row();
      rows.put(key, row);
    }
    return row;
  }

  synchronized List<Statistics.Hosts> rows() {
    List<Statistics.Hosts> list = new ArrayList<>();
    rows.forEach((key, row) ->
        list.add(
            new Statistics.Hosts(
                key.name,
                key.port,
                key.protocol,
                key.allowed,
                row.connections,
                row.sent,
                row.received,
                row.latency.copy())));
    return list;
  }
}
