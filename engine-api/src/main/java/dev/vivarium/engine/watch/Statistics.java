package dev.vivarium.engine.watch;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Figures of one sandbox at one moment.
 *
 * @param uptimeNanos since its start
 * @param countedNanos since counting began; 0 if nobody has asked for it
 * @param resources what it uses
 * @param calls one row per system call that was made since counting began
 * @param files one row per file that was read or written; the most used ones
 * @param hosts one row per host that was spoken with
 * @param lostFiles how many calls were on files for which there was no row left
 */
public record Statistics(
    long uptimeNanos,
    long countedNanos,
    Resources resources,
    List<Calls> calls,
    List<Files> files,
    List<Hosts> hosts,
    long lostFiles) {

  private static final int VERSION = 2;
  private static final int MOST_ROWS = 100_000;

  public Statistics {
    calls = List.copyOf(calls);
    files = List.copyOf(files);
    hosts = List.copyOf(hosts);
  }

  /**
   * What a sandbox uses.
   *
   * @param switches how often its threads gave up the processor to wait
   */
  public record Resources(
      long userNanos,
      long systemNanos,
      long memoryBytes,
      long memoryLimit,
      int processes,
      int threads,
      long bytesRead,
      long bytesWritten,
      long networkReceived,
      long networkSent,
      long minorFaults,
      long majorFaults,
      long switches,
      long outOfMemoryKills) {}

  /**
   * One system call.
   *
   * @param failures how many returned an errno
   * @param latency from begin to end
   * @param blocked of that, what the call waited as it was asked to; only of those that did
   * @param disk of that, what it waited for files of the host; only of those that did
   * @param handOver of that, between being woken and going on; only of those that waited
   */
  public record Calls(
      int number,
      String name,
      long failures,
      LatencyHistogram latency,
      LatencyHistogram blocked,
      LatencyHistogram disk,
      LatencyHistogram handOver) {
    /** What was neither waiting nor being handed over: the sentry's own work. */
    public long insideNanos() {
      return Math.max(0, latency.sum() - blocked.sum() - disk.sum() - handOver.sum());
    }
  }

  /**
   * One file.
   *
   * @param path one char per byte
   * @param blockedNanos of the calls' time, what they waited as they were asked to
   * @param diskNanos of it, what they waited for files of the host
   * @param handOverNanos of it, between being woken and going on
   */
  public record Files(
      String path,
      long reads,
      long writes,
      long bytesRead,
      long bytesWritten,
      LatencyHistogram latency,
      long blockedNanos,
      long diskNanos,
      long handOverNanos) {
    /** What was neither waiting nor being handed over: the sentry's own work. */
    public long insideNanos() {
      return Math.max(0, latency.sum() - blockedNanos - diskNanos - handOverNanos);
    }
  }

  /**
   * One host outside.
   *
   * @param name as it was asked for, or its address
   */
  public record Hosts(
      String name,
      int port,
      String protocol,
      boolean allowed,
      long connections,
      long sent,
      long received,
      LatencyHistogram latency) {}

  /** As bytes, for the control socket. */
  public byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(VERSION);
      out.writeLong(uptimeNanos);
      out.writeLong(countedNanos);
      Resources r = resources;
      for (long value :
          new long[] {
            r.userNanos,
            r.systemNanos,
            r.memoryBytes,
            r.memoryLimit,
            r.processes,
            r.threads,
            r.bytesRead,
            r.bytesWritten,
            r.networkReceived,
            r.networkSent,
            r.minorFaults,
            r.majorFaults,
            r.switches,
            r.outOfMemoryKills
          }) {
        out.writeLong(value);
      }
      out.writeInt(calls.size());
      for (Calls c : calls) {
        out.writeInt(c.number);
        text(out, c.name);
        out.writeLong(c.failures);
        histogram(out, c.latency);
        histogram(out, c.blocked);
        histogram(out, c.disk);
        histogram(out, c.handOver);
      }
      out.writeInt(files.size());
      for (Files f : files) {
        text(out, f.path);
        out.writeLong(f.reads);
        out.writeLong(f.writes);
        out.writeLong(f.bytesRead);
        out.writeLong(f.bytesWritten);
        histogram(out, f.latency);
        out.writeLong(f.blockedNanos);
        out.writeLong(f.diskNanos);
        out.writeLong(f.handOverNanos);
      }
      out.writeInt(hosts.size());
      for (Hosts h : hosts) {
        text(out, h.name);
        out.writeInt(h.port);
        text(out, h.protocol);
        out.writeBoolean(h.allowed);
        out.writeLong(h.connections);
        out.writeLong(h.sent);
        out.writeLong(h.received);
        histogram(out, h.latency);
      }
      out.writeLong(lostFiles);
    } catch (IOException e) {
      throw new AssertionError("writing to memory cannot fail", e);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads them back.
   *
   * @throws IOException if they are not what {@link #encode} makes
   */
  public static Statistics decode(byte[] bytes) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
    if (in.readInt() != VERSION) {
      throw new IOException("statistics of another version of Vivarium");
    }
    long uptime = in.readLong();
    long counted = in.readLong();
    long[] r = new long[14];
    for (int i = 0; i < r.length; i++) {
      r[i] = in.readLong();
    }
    Resources resources =
        new Resources(
            r[0],
            r[1],
            r[2],
            r[3],
            (int) r[4],
            (int) r[5],
            r[6],
            r[7],
            r[8],
            r[9],
            r[10],
            r[11],
            r[12],
            r[13]);
    List<Calls> calls = new ArrayList<>();
    for (int n = rows(in); n > 0; n--) {
      calls.add(
          new Calls(
              in.readInt(),
              text(in),
              in.readLong(),
              histogram(in),
              histogram(in),
              histogram(in),
              histogram(in)));
    }
    List<Files> files = new ArrayList<>();
    for (int n = rows(in); n > 0; n--) {
      files.add(
          new Files(
              text(in),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              histogram(in),
              in.readLong(),
              in.readLong(),
              in.readLong()));
    }
    List<Hosts> hosts = new ArrayList<>();
    for (int n = rows(in); n > 0; n--) {
      hosts.add(
          new Hosts(
              text(in),
              in.readInt(),
              text(in),
              in.readBoolean(),
              in.readLong(),
              in.readLong(),
              in.readLong(),
              histogram(in)));
    }
    return new Statistics(uptime, counted, resources, calls, files, hosts, in.readLong());
  }

  private static int rows(DataInputStream in) throws IOException {
    int n = in.readInt();
    if (n < 0 || n > MOST_ROWS) {
      throw new IOException("too many rows: " + n);
    }
    return n;
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("longer than its message");
    }
    return in.readNBytes(length);
  }

  private static void histogram(DataOutputStream out, LatencyHistogram h) throws IOException {
    if (h.count() == 0) {
      out.writeInt(0);
      return;
    }
    byte[] encoded = h.encode();
    out.writeInt(encoded.length);
    out.write(encoded);
    out.writeLong(h.sum());
    out.writeLong(h.min());
    out.writeLong(h.max());
  }

  private static LatencyHistogram histogram(DataInputStream in) throws IOException {
    byte[] encoded = bytes(in);
    return encoded.length == 0
        ? new LatencyHistogram()
        : LatencyHistogram.decode(encoded).withExact(in.readLong(), in.readLong(), in.readLong());
  }
}
