package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Statistics;
import java.io.Closeable;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One sandbox that is looked at again and again: its figures, and what they changed by since. */
public final class Watched implements Closeable {
  /** The names of {@link #cells}. */
  static final String[] COLUMNS = {
    "NAME",
    "CPU",
    "MEMORY",
    "LIMIT",
    "TASKS",
    "READ/S",
    "WRITTEN/S",
    "NET IN",
    "NET OUT",
    "CALLS/S",
    "FAULTS/S"
  };

  private final SandboxState sandbox;
  private final Look look;
  private @Nullable Statistics before;
  private @Nullable Statistics now;

  private Watched(SandboxState sandbox, Look look) {
    this.sandbox = sandbox;
    this.look = look;
  }

  /** Connects to it, and has its calls counted. */
  public static Watched begin(Context context, SandboxState sandbox)
      throws CliException, EngineException, IOException, InterruptedException {
    Look look = Look.at(context.directories(), sandbox);
    try {
      look.begin(false, true);
    } catch (EngineException | IOException | InterruptedException e) {
      look.close();
      throw e;
    }
    return new Watched(sandbox, look);
  }

  /** Looks. */
  public void ask() throws EngineException, InterruptedException {
    Optional<Statistics> figures = look.statistics();
    before = now;
    now = figures.orElse(null);
  }

  SandboxState sandbox() {
    return sandbox;
  }

  /** Whether there is no more to ask. */
  public boolean hasEnded() {
    return look.hasEnded();
  }

  /** Its last figures; empty if it told none. */
  public Optional<Statistics> figures() {
    return Optional.ofNullable(now);
  }

  private Statistics earlier() {
    return before == null ? latest() : before;
  }

  private Statistics latest() {
    if (now == null) {
      throw new IllegalStateException("not asked yet");
    }
    return now;
  }

  private double seconds() {
    return Math.max(1e-3, (latest().uptimeNanos() - earlier().uptimeNanos()) / 1e9);
  }

  /** Of one processor. */
  double cpuPercent() {
    Statistics.Resources r = latest().resources();
    Statistics.Resources b = earlier().resources();
    long nanos = r.userNanos() + r.systemNanos() - b.userNanos() - b.systemNanos();
    return Math.max(0, nanos / seconds() / 1e7);
  }

  long memoryBytes() {
    return latest().resources().memoryBytes();
  }

  /** Between the last two looks. */
  public double callsPerSecond() {
    return (calls(latest()) - calls(earlier())) / seconds();
  }

  long bytesPerSecond() {
    Statistics.Resources r = latest().resources();
    Statistics.Resources b = earlier().resources();
    return rate(r.bytesRead() + r.bytesWritten(), b.bytesRead() + b.bytesWritten());
  }

  private static long calls(Statistics s) {
    return s.calls().stream().mapToLong(c -> c.latency().count()).sum();
  }

  private long rate(long value, long earlier) {
    return Math.max(0, Math.round((value - earlier) / seconds()));
  }

  private long received() {
    return latest().hosts().stream().mapToLong(Statistics.Hosts::received).sum();
  }

  private long sent() {
    return latest().hosts().stream().mapToLong(Statistics.Hosts::sent).sum();
  }

  /** For people; in the order of {@link #COLUMNS}. */
  String[] cells() {
    Statistics.Resources r = latest().resources();
    Statistics.Resources b = earlier().resources();
    return new String[] {
      sandbox.name(),
      Math.round(cpuPercent()) + " %",
      Text.bytes(r.memoryBytes()),
      r.memoryLimit() == 0 ? "-" : Text.bytes(r.memoryLimit()),
      r.processes() + "/" + r.threads(),
      Text.bytes(rate(r.bytesRead(), b.bytesRead())),
      Text.bytes(rate(r.bytesWritten(), b.bytesWritten())),
      Text.bytes(received()),
      Text.bytes(sent()),
      Long.toString(Math.round(callsPerSecond())),
      Long.toString(rate(r.minorFaults(), b.minorFaults()))
    };
  }

  /** For programs. */
  Map<String, @Nullable Object> values() {
    Statistics.Resources r = latest().resources();
    Statistics.Resources b = earlier().resources();
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("id", sandbox.id());
    values.put("name", sandbox.name());
    values.put("uptimeNanos", latest().uptimeNanos());
    values.put("cpuPercent", Math.round(cpuPercent() * 10) / 10.0);
    values.put("userNanos", r.userNanos());
    values.put("systemNanos", r.systemNanos());
    values.put("memoryBytes", r.memoryBytes());
    values.put("memoryLimitBytes", r.memoryLimit() == 0 ? null : r.memoryLimit());
    values.put("processes", r.processes());
    values.put("threads", r.threads());
    values.put("bytesRead", r.bytesRead());
    values.put("bytesWritten", r.bytesWritten());
    values.put("bytesReadPerSecond", rate(r.bytesRead(), b.bytesRead()));
    values.put("bytesWrittenPerSecond", rate(r.bytesWritten(), b.bytesWritten()));
    values.put("networkReceived", received());
    values.put("networkSent", sent());
    values.put("callsPerSecond", Math.round(callsPerSecond()));
    values.put("calls", calls(latest()));
    values.put("minorFaults", r.minorFaults());
    values.put("majorFaults", r.majorFaults());
    values.put("outOfMemoryKills", r.outOfMemoryKills());
    return values;
  }

  @Override
  public void close() {
    look.close();
  }
}
