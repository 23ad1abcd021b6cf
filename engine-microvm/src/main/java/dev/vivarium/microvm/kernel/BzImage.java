package dev.vivarium.microvm.kernel;

import com.github.luben.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;

/**
 * Takes the kernel's ELF file out of a bzImage (Documentation/arch/x86/boot.rst): a guest that is
 * given it starts by its PVH entry and need not unpack itself, which an emulated processor takes a
 * quarter of a second for.
 */
final class BzImage {
  private static final int SETUP_SECTORS = 0x1f1;
  private static final int MAGIC = 0x202;
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int SECTOR = 512;
  private static final int LZ4_LEGACY = 0x184c2102;
  private static final int LZ4_BLOCK = 8 << 20;

  /** Far more than any kernel has. */
  private static final long MAX_KERNEL = 512 << 20;

  private BzImage() {}

  /** Writes the ELF file; fails on what is not a bzImage or packed in a way not known here. */
  static void unpack(byte[] bzImage, OutputStream elf) throws IOException {
    ByteBuffer image = ByteBuffer.wrap(bzImage).order(ByteOrder.LITTLE_ENDIAN);
    if (bzImage.length < PAYLOAD_LENGTH + 4 || image.getInt(MAGIC) != 0x53726448) {
      throw new IOException("not a bzImage");
    }
    int sectors = Byte.toUnsignedInt(bzImage[SETUP_SECTORS]);
    long start =
        ((sectors == 0 ? 4 : sectors) + 1L) * SECTOR
            + Integer.toUnsignedLong(image.getInt(PAYLOAD_OFFSET));
    long length = Integer.toUnsignedLong(image.getInt(PAYLOAD_LENGTH));
    if (length < 8 || start + length > bzImage.length) {
      throw new IOException("the bzImage is cut off");
    }
    byte[] payload = Arrays.copyOfRange(bzImage, (int) start, (int) (start + length));
    Bounded out = new Bounded(elf);
    int magic = image.getInt((int) start);
    if (magic == LZ4_LEGACY) {
      lz4(payload, out);
    } else if ((magic & 0xffff) == 0x8b1f) {
      copy(new GZIPInputStream(new ByteArrayInputStream(payload)), out);
    } else if (magic == 0xfd2fb528) {
      copy(new ZstdInputStream(new ByteArrayInputStream(payload)), out);
    } else {
      throw new IOException("the bzImage is packed neither with LZ4, gzip nor zstd");
    }
  }

  /** Blocks of at most 8 MiB, each after its packed size; the kernel's own size comes last. */
  private static void lz4(byte[] payload, Bounded out) throws IOException {
    LZ4SafeDecompressor decompressor = LZ4Factory.safeInstance().safeDecompressor();
    ByteBuffer sizes = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    byte[] block = new byte[LZ4_BLOCK];
    int at = 4;
    while (at + 8 <= payload.length) {
      int packed = sizes.getInt(at);
      at += 4;
      if (packed <= 0 || packed > payload.length - at) {
        throw new IOException("a block of the kernel is cut off");
      }
      try {
        out.write(block, decompressor.decompress(payload, at, packed, block, 0));
      } catch (LZ4Exception e) {
        throw new IOException("a block of the kernel is damaged", e);
      }
      at += packed;
    }
  }

  private static void copy(InputStream in, Bounded out) throws IOException {
    byte[] buffer = new byte[1 << 16];
    int n;
    while ((n = in.read(buffer)) > 0) {
      out.write(buffer, n);
    }
  }

  private static final class Bounded {
    private final OutputStream out;
    private long written;

    Bounded(OutputStream out) {
      this.out = out;
    }

    void write(byte[] bytes, int length) throws IOException {
      written += length;
      if (written > MAX_KERNEL) {
        throw new IOException("the kernel is larger than " + MAX_KERNEL + " bytes unpacked");
      }
      out.write(bytes, 0, length);
    }
  }
}
