package dev.vivarium.microvm.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GivenKernelTest {
  private static final String RELEASE = "6.1.0-test";

  @TempDir Path temp;
  private Path installed;
  private Path directory;

  @BeforeEach
  void makeDirectories() throws IOException {
    installed = Files.createDirectory(temp.resolve("installed"));
    directory = Files.createDirectory(temp.resolve("kernel"));
  }

  /** A header, one segment to load, and one of notes. */
  private static byte[] elf(boolean pvh) {
    ByteBuffer elf = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 62);
    elf.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
    elf.putInt(64, 1).putLong(64 + 8, 0).putLong(64 + 32, 1024);
    elf.putInt(120, 4).putLong(120 + 8, 256).putLong(120 + 32, 44);
    elf.putInt(256, 4).putInt(260, 4).putInt(264, 1).put(268, new byte[] {'G', 'N', 'U', 0});
    elf.putInt(276, 4).putInt(280, 8).putInt(284, pvh ? 18 : 17);
    elf.put(288, new byte[] {'X', 'e', 'n', 0});
    elf.put(512, ("Linux version " + RELEASE + " (gcc)").getBytes(StandardCharsets.US_ASCII));
    return elf.array();
  }

  private static byte[] bzImage(byte[] elf) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(elf);
    }
    ByteBuffer image = ByteBuffer.allocate(1024 + packed.size()).order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 1).putInt(0x202, 0x53726448);
    image.putInt(0x248, 0).putInt(0x24c, packed.size());
    return image.put(1024, packed.toByteArray()).array();
  }

  private static byte[] module(String needs) {
    return ("\0license=GPL\0depends=" + needs + "\0").getBytes(StandardCharsets.ISO_8859_1);
  }

  private Path file(byte[] content) throws IOException {
    return Files.write(temp.resolve("given"), content);
  }

  private String refused(byte[] content) throws IOException {
    Path file = file(content);
    KernelException e =
        assertThrows(KernelException.class, () -> GivenKernel.unpack(file, directory, installed));
    Files.deleteIfExists(directory.resolve("vmlinux"));
    assertTrue(e.getMessage().startsWith("--kernel: "), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
    return e.getMessage();
  }

  @Test
  void anElfFileIsTakenAsItIsWithTheModulesThatAreInstalledForIt() throws Exception {
    Path modules = Files.createDirectories(installed.resolve(RELEASE + "/kernel/drivers/virtio"));
    Files.write(modules.resolve("virtio_mmio.ko"), module("virtio_ring"));
    Files.write(modules.resolve("virtio-ring.ko"), module(""));
    Files.write(modules.resolve("other.ko"), module("virtio_ring"));
    GivenKernel.unpack(file(elf(true)), directory, installed);
    assertEquals(-1, Files.mismatch(temp.resolve("given"), directory.resolve("vmlinux")));
    assertEquals(
        List.of("virtio_ring.ko", "virtio_mmio.ko"),
        Files.readAllLines(directory.resolve("modules/early")));
    assertTrue(Files.exists(directory.resolve("modules/virtio_ring.ko")), "needed");
    assertFalse(Files.exists(directory.resolve("modules/other.ko")), "not needed");
    for (String list : KernelModule.LISTS.keySet()) {
      assertTrue(Files.exists(directory.resolve("modules").resolve(list)), list);
    }
  }

  @Test
  void aBzImageIsUnpackedAndMayHaveAllBuiltIn() throws Exception {
    GivenKernel.unpack(file(bzImage(elf(true))), directory, installed);
    assertEquals(elf(true).length, Files.size(directory.resolve("vmlinux")));
    assertEquals("", Files.readString(directory.resolve("modules/early")));
  }

  @Test
  void whatNoGuestCouldStartFromIsRefusedWithTheReason() throws Exception {
    byte[] whole = elf(true);
    assertTrue(refused(elf(false)).endsWith("no PVH entry; build it with CONFIG_PVH=y"), "PVH");
    assertTrue(refused(bzImage(elf(false))).contains("no PVH entry"), "PVH in a bzImage");
    assertTrue(refused(new byte[0]).contains("neither an ELF file"), "empty");
    assertTrue(refused("text\n".getBytes(StandardCharsets.UTF_8)).contains("neither"), "text");
    assertTrue(refused(Arrays.copyOf(whole, 600)).contains("cut off"), "cut");
    assertTrue(refused(Arrays.copyOf(whole, 70)).contains("cut off"), "cut in its headers");
    byte[] arm = whole.clone();
    arm[18] = (byte) 183;
    assertTrue(refused(arm).contains("not for x86-64"), "another architecture");
    byte[] cut = bzImage(whole);
    assertTrue(refused(Arrays.copyOf(cut, cut.length - 1)).contains("cut off"), "bzImage");
    assertTrue(
        refused("!<arch>\nnonsense".getBytes(StandardCharsets.UTF_8)).contains("package"), "deb");
  }

  @Test
  void noDamageIsMoreThanALine() throws Exception {
    Random random = new Random(7);
    for (byte[] whole : List.of(elf(true), bzImage(elf(true)))) {
      for (int i = 0; i < 100; i++) {
        byte[] damaged = whole.clone();
        for (int n = 0; n < 8; n++) {
          damaged[random.nextInt(n % 2 == 0 ? 300 : damaged.length)] = (byte) random.nextInt();
        }
        Path work = Files.createDirectory(temp.resolve("work" + whole.length + "-" + i));
        try {
          GivenKernel.unpack(file(damaged), work, installed);
        } catch (KernelException e) {
          assertFalse(e.getMessage().contains("\n"), e.getMessage());
        }
      }
    }
  }
}
