package dev.vivarium.sentry.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * The sandbox's random numbers: ChaCha20 (RFC 8439) keyed once from the host, with a new key after
 * every block of output, so that what was given out cannot be found again. Good enough for a
 * guest's keys.
 */
public final class Entropy implements RandomGenerator {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int BLOCK = 64;
  private static final int KEY = 32;

  /** Blocks made at a time: the first {@link #KEY} bytes of them are the next key. */
  private static final int BLOCKS = 8;

  private final int[] key = new int[8];
  private final byte[] pool = new byte[BLOCK * BLOCKS];
  private int used = pool.length;

  /**
   * @param seed at least 32 bytes, secret
   */
  public Entropy(byte[] seed) {
    setKey(seed);
  }

  /** Seeded by the host's kernel. */
  public static Entropy fromHost() {
    try (FileInputStream in = new FileInputStream("/dev/urandom")) {
      byte[] seed = in.readNBytes(KEY);
      if (seed.length < KEY) {
        throw new IOException("/dev/urandom ended");
      }
      return new Entropy(seed);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fills a part of an array. */
  public void fill(byte[] target, int offset, int length) {
    int done = 0;
    while (done < length) {
      if (used == pool.length) {
        refill();
      }
      int n = Math.min(length - done, pool.length - used);
      System.arraycopy(pool, used, target, offset + done, n);
      Arrays.fill(pool, used, used + n, (byte) 0);
      used += n;
      done += n;
    }
  }

  @Override
  public long nextLong() {
    byte[] bytes = new byte[8];
    fill(bytes, 0, 8);
    return (int) INT.get(bytes, 0) & 0xffffffffL | (long) (int) INT.get(bytes, 4) << 32;
  }

  private void setKey(byte[] bytes) {
    for (int i = 0; i < key.length; i++) {
      key[i] = (int) INT.get(bytes, 4 * i);
    }
  }

  private void refill() {
    int[] x = new int[16];
    for (int block = 0; block < BLOCKS; block++) {
      int[] start = {
        0x61707865,
        0x3320646e,
        0x79622d32,
        0x6b206574,
        key[0],
        key[1],
        key[2],
        key[3],
        key[4],
        key[5],
        key[6],
        key[7],
        block,
        0,
        0,
        0
      };
      System.arraycopy(start, 0, x, 0, 16);
      for (int round = 0; round < 10; round++) {
        quarter(x, 0, 4, 8, 12);
        quarter(x, 1, 5, 9, 13);
        quarter(x, 2, 6, 10, 14);
        quarter(x, 3, 7, 11, 15);
        quarter(x, 0, 5, 10, 15);
        quarter(x, 1, 6, 11, 12);
        quarter(x, 2, 7, 8, 13);
        quarter(x, 3, 4, 9, 14);
      }
      for (int i = 0; i < 16; i++) {
        INT.set(pool, block * BLOCK + 4 * i, x[i] + start[i]);
      }
    }
    setKey(pool);
    Arrays.fill(pool, 0, KEY, (byte) 0);
    used = KEY;
  }

  private static void quarter(int[] x, int a, int b, int c, int d) {
    x[a] += x[b];
    x[d] = Integer.rotateLeft(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = Integer.rotateLeft(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = Integer.rotateLeft(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = Integer.rotateLeft(x[b] ^ x[c], 7);
  }
}
