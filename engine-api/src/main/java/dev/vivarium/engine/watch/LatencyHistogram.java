package dev.vivarium.engine.watch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * How long things took: a histogram of nanoseconds with a high dynamic range, in the scheme and the
 * wire format (V2, two significant digits) of HdrHistogram, so that its tools read what we write.
 * Counts, sum, least and greatest are exact; a value read back from a bucket is less than 1 % off.
 *
 * <p>Recording allocates nothing but, now and then, room for a value that is longer than all
 * before. Not for several threads at once.
 */
public final class LatencyHistogram {
  /** Two digits: buckets of 256 steps, of which the upper half is used from the second on. */
  private static final int SUB_BUCKETS = 256;

  private static final int HALF = SUB_BUCKETS / 2;
  private static final int HALF_BITS = 7;

  /** About 73 minutes; what is longer counts as that. */
  private static final long HIGHEST = (1L << 42) - 1;

  private static final int MAX_COUNTS = (42 - HALF_BITS) * HALF + HALF;

  private static final int COOKIE = 0x1c849303 | 0x10;
  private static final int COMPRESSED_COOKIE = 0x1c849304 | 0x10;
  private static final int HEADER = 40;

  private long[] counts;
  private long count;
  private long sum;
  private long least = Long.MAX_VALUE;
  private long greatest;

  /** An empty one. */
  public LatencyHistogram() {
    counts = new long[SUB_BUCKETS * 2];
  }

  private LatencyHistogram(LatencyHistogram other) {
    counts = other.counts.clone();
    count = other.count;
    sum = other.sum;
    least = other.least;
    greatest = other.greatest;
  }

  /** Adds a value; a negative one counts as 0. */
  public void record(long nanos) {
    long value = Math.clamp(nanos, 0, HIGHEST);
    int index = index(value);
    if (index >= counts.length) {
      counts = Arrays.copyOf(counts, Math.min(MAX_COUNTS, (index / HALF + 2) * HALF));
    }
    counts[index]++;
    count++;
    sum += value;
    if (value < least) {
      least = value;
    }
    if (value > greatest) {
      greatest = value;
    }
  }

  /**
   * One from values that were counted elsewhere, in buckets.
   *
   * @param values one of each bucket, in ascending order
   * @param times how many each bucket has
   * @param sum of all, exactly
   * @param greatest of all, exactly
   */
  public static LatencyHistogram of(long[] values, long[] times, long sum, long greatest) {
    LatencyHistogram h = new LatencyHistogram();
    for (int i = 0; i < values.length; i++) {
      if (times[i] > 0) {
        h.record(values[i]);
        int index = index(Math.clamp(values[i], 0, HIGHEST));
        h.counts[index] += times[i] - 1;
        h.count += times[i] - 1;
      }
    }
    return h.withExact(sum, h.min(), greatest);
  }

  private static int index(long value) {
    int bucket = 64 - HALF_BITS - 1 - Long.numberOfLeadingZeros(value | (SUB_BUCKETS - 1));
    return (bucket << HALF_BITS) + (int) (value >>> bucket);
  }

  /** The least value of the bucket at a place. */
  private static long valueAt(int index) {
    int bucket = (index >> HALF_BITS) - 1;
    if (bucket < 0) {
      return index;
    }
    return (long) ((index & (HALF - 1)) + HALF) << bucket;
  }

  /** The greatest value that counts together with this one. */
  private static long highestEquivalent(int index) {
    return index + 1 >= MAX_COUNTS ? HIGHEST : valueAt(index + 1) - 1;
  }

  public long count() {
    return count;
  }

  /** Of all values, in nanoseconds. */
  public long sum() {
    return sum;
  }

  public long min() {
    return count == 0 ? 0 : least;
  }

  public long max() {
    return greatest;
  }

  public double mean() {
    return count == 0 ? 0 : (double) sum / count;
  }

  /** The value that so many percent of the values do not exceed. */
  public long percentile(double percent) {
    long wanted = Math.max(1, (long) Math.ceil(Math.min(percent, 100) / 100 * count));
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= wanted) {
        return Math.min(highestEquivalent(i), greatest);
      }
    }
    return greatest;
  }

  /** How many values lie between two, both included (as exactly as the buckets are). */
  public long countBetween(long from, long to) {
    long n = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0 && valueAt(i) >= from && valueAt(i) <= to) {
        n += counts[i];
      }
    }
    return n;
  }

  public LatencyHistogram copy() {
    return new LatencyHistogram(this);
  }

  /** Adds all values of another. */
  public void add(LatencyHistogram other) {
    if (other.counts.length > counts.length) {
      counts = Arrays.copyOf(counts, other.counts.length);
    }
    for (int i = 0; i < other.counts.length; i++) {
      counts[i] += other.counts[i];
    }
    count += other.count;
    sum += other.sum;
    least = Math.min(least, other.least);
    greatest = Math.max(greatest, other.greatest);
  }

  /** HdrHistogram's percentile distribution (.hgrm), in microseconds. */
  public String distribution() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "%12s %14s %10s %14s%n%n",
            "Value",
            "Percentile",
            "TotalCount",
            "1/(1-Percentile)"));
    double percent = 0;
    while (true) {
      long value = count == 0 ? 0 : percentile(percent);
      long upTo = count == 0 ? 0 : countBetween(0, value);
      double reached = count == 0 ? 1 : Math.min(1, percent / 100);
      if (count == 0 || upTo >= count) {
        out.append(
            String.format(
                java.util.Locale.ROOT,
                "%12.3f %2.12f %10d%n",
                (count == 0 ? 0 : greatest) / 1000.0,
                1.0,
                count));
        break;
      }
      out.append(
          String.format(
              java.util.Locale.ROOT,
              "%12.3f %2.12f %10d %14.2f%n",
              value / 1000.0,
              reached,
              upTo,
              1 / (1 - reached)));
      // Five steps to each halving of what is left, as HdrHistogram has it by default.
      double left = 100 - percent;
      long halvings = (long) (Math.log(100 / left) / Math.log(2)) + 1;
      percent += 100.0 / (5 * Math.pow(2, halvings));
    }
    double variance = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        double d = (valueAt(i) + highestEquivalent(i)) / 2.0 - mean();
        variance += d * d * counts[i];
      }
    }
    double deviation = count == 0 ? 0 : Math.sqrt(variance / count);
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "#[Mean    = %12.3f, StdDeviation   = %12.3f]%n",
            mean() / 1000,
            deviation / 1000));
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "#[Max     = %12.3f, Total count    = %12d]%n",
            greatest / 1000.0,
            count));
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "#[Buckets = %12d, SubBuckets     = %12d]%n",
            42 - HALF_BITS,
            SUB_BUCKETS));
    return out.toString();
  }

  /** HdrHistogram's compressed V2 encoding. */
  public byte[] encode() {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    int last = counts.length;
    while (last > 0 && counts[last - 1] == 0) {
      last--;
    }
    for (int i = 0; i < last; i++) {
      if (counts[i] != 0) {
        zigZag(payload, counts[i]);
        continue;
      }
      int from = i;
      while (counts[i + 1] == 0) {
        i++;
      }
      zigZag(payload, -(i + 1L - from));
    }
    ByteBuffer plain = ByteBuffer.allocate(HEADER + payload.size());
    plain.putInt(COOKIE).putInt(payload.size()).putInt(0).putInt(2).putLong(1).putLong(HIGHEST);
    plain.putDouble(1.0).put(payload.toByteArray());
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(plain.array());
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] part = new byte[512];
      while (!deflater.finished()) {
        out.write(part, 0, deflater.deflate(part));
      }
      return ByteBuffer.allocate(8 + out.size())
          .putInt(COMPRESSED_COOKIE)
          .putInt(out.size())
          .put(out.toByteArray())
          .array();
    }
  }

  /**
   * Reads the encoding back. Sum, least and greatest are as exact as the buckets are.
   *
   * @throws IOException if it is none
   */
  public static LatencyHistogram decode(byte[] bytes) throws IOException {
    try (Inflater inflater = new Inflater()) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      if (in.getInt() != COMPRESSED_COOKIE || in.getInt() != in.remaining()) {
        throw new IOException("not a histogram");
      }
      inflater.setInput(in);
      byte[] plain = new byte[HEADER + MAX_COUNTS * 9];
      int length = inflater.inflate(plain);
      ByteBuffer body = ByteBuffer.wrap(plain, 0, length);
      if (body.getInt() != COOKIE) {
        throw new IOException("not a histogram");
      }
      body.position(HEADER);
      LatencyHistogram result = new LatencyHistogram();
      int index = 0;
      while (body.hasRemaining()) {
        long value = zigZag(body);
        if (value < 0) {
          index = Math.toIntExact(Math.subtractExact(index, value));
          continue;
        }
        if (index >= MAX_COUNTS) {
          throw new IOException("histogram out of range");
        }
        if (index >= result.counts.length) {
          result.counts = Arrays.copyOf(result.counts, Math.min(MAX_COUNTS, index + SUB_BUCKETS));
        }
        if (value > 0) {
          result.counts[index] = value;
          result.count = Math.addExact(result.count, value);
          long middle = (valueAt(index) + highestEquivalent(index)) >>> 1;
          result.sum += middle * value;
          result.least = Math.min(result.least, valueAt(index));
          result.greatest = highestEquivalent(index);
        }
        index++;
      }
      return result;
    } catch (DataFormatException | BufferUnderflowException | ArithmeticException e) {
      throw new IOException("not a histogram", e);
    }
  }

  /** Takes over the exact figures that {@link #decode} cannot know. */
  LatencyHistogram withExact(long exactSum, long exactLeast, long exactGreatest) {
    sum = exactSum;
    least = count == 0 ? Long.MAX_VALUE : exactLeast;
    greatest = exactGreatest;
    return this;
  }

  private static void zigZag(ByteArrayOutputStream out, long value) {
    long rest = (value << 1) ^ (value >> 63);
    for (int i = 0; i < 8 && (rest & ~0x7fL) != 0; i++) {
      out.write((int) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private static long zigZag(ByteBuffer in) {
    long value = 0;
    for (int i = 0; i < 9; i++) {
      long b = in.get() & 0xff;
      value |= (i == 8 ? b : b & 0x7f) << (7 * i);
      if ((b & 0x80) == 0) {
        break;
      }
    }
    return (value >>> 1) ^ -(value & 1);
  }
}
