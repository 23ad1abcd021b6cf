package dev.vivarium.microvm.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelFilesTest {
  private static byte[] kernel() {
    byte[] elf = new byte[9 << 20];
    Random random = new Random(3);
    for (int i = 0; i < elf.length; i++) {
      elf[i] = (byte) (random.nextInt(8) == 0 ? random.nextInt() : 0);
    }
    return elf;
  }

  /** A bzImage around a payload: one setup sector after the boot sector. */
  private static byte[] image(byte[] payload) {
    ByteBuffer image =
        ByteBuffer.allocate(1024 + 64 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 1).putInt(0x202, 0x53726448);
    image.putInt(0x248, 64).putInt(0x24c, payload.length);
    image.put(1024 + 64, payload);
    return image.array();
  }

  private static byte[] lz4(byte[] elf) {
    ByteBuffer packed = ByteBuffer.allocate(elf.length * 2).order(ByteOrder.LITTLE_ENDIAN);
    packed.putInt(0x184c2102);
    for (int at = 0; at < elf.length; at += 8 << 20) {
      byte[] block =
          LZ4Factory.safeInstance()
              .fastCompressor()
              .compress(Arrays.copyOfRange(elf, at, Math.min(elf.length, at + (8 << 20))));
      packed.putInt(block.length).put(block);
    }
    packed.putInt(elf.length);
    return Arrays.copyOf(packed.array(), packed.position());
  }

  private static byte[] unpack(byte[] image) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BzImage.unpack(image, out);
    return out.toByteArray();
  }

  @Test
  void aKernelPackedWithLz4ComesOutWhole() throws Exception {
    byte[] elf = kernel();
    assertArrayEquals(elf, unpack(image(lz4(elf))));
  }

  @Test
  void aKernelPackedWithGzipComesOutWhole() throws Exception {
    byte[] elf = kernel();
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(elf);
    }
    assertArrayEquals(elf, unpack(image(packed.toByteArray())));
  }

  @Test
  void whatIsCutOffOrDamagedIsRefused() {
    byte[] whole = image(lz4(Arrays.copyOf(kernel(), 1 << 20)));
    for (int length : new int[] {0, 100, 600, 1024, 1100, whole.length - 1}) {
      assertThrows(IOException.class, () -> unpack(Arrays.copyOf(whole, length)), "at " + length);
    }
    byte[] damaged = whole.clone();
    for (int i = 1200; i < 4000; i++) {
      damaged[i] ^= 0x5a;
    }
    assertThrows(IOException.class, () -> unpack(damaged));
  }

  @Test
  void modulesComeAfterThoseThatTheyNeed() {
    List<String> order =
        KernelModule.order(
            KernelModule.EARLY,
            Map.of(
                "erofs", List.of("libcrc32c"),
                "libcrc32c", List.of(),
                "virtio_mmio", List.of("virtio", "virtio_ring"),
                "virtio", List.of("virtio_ring"),
                "virtio_ring", List.of("virtio"),
                "unwanted", List.of()));
    assertTrue(order.indexOf("libcrc32c") < order.indexOf("erofs"), order.toString());
    assertTrue(order.indexOf("virtio_ring") < order.indexOf("virtio_mmio"), order.toString());
    assertEquals(5, order.size(), order.toString());
  }

  @Test
  void aModuleNamesWhatItNeeds() {
    byte[] module =
        "\0license=GPL\0depends=net-failover,virtio\0x=y\0".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(List.of("net_failover", "virtio"), KernelModule.dependencies(module));
    assertEquals("virtio_rng", KernelModule.name("a/b/virtio-rng.ko"));
  }

  @Test
  void aSignatureIsCutOffWhereThereIsOne() {
    byte[] magic = "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer signed = ByteBuffer.allocate(100 + 30 + 12 + magic.length);
    signed.position(100 + 30 + 8);
    signed.putInt(30).put(magic);
    assertArrayEquals(new byte[100], KernelModule.withoutSignature(signed.array()));
    byte[] unsigned = new byte[200];
    assertArrayEquals(unsigned, KernelModule.withoutSignature(unsigned));
    byte[] longer = signed.array().clone();
    ByteBuffer.wrap(longer).putInt(100 + 30 + 8, 131);
    assertArrayEquals(longer, KernelModule.withoutSignature(longer));
    assertArrayEquals(magic, KernelModule.withoutSignature(magic));
  }

  @Test
  void anInitramfsHasWhatWasPutIn() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    CpioWriter cpio = new CpioWriter(out);
    cpio.directory("dev");
    cpio.characterDevice("dev/console", 5, 1);
    cpio.file("init", true, "hello".getBytes(StandardCharsets.US_ASCII));
    cpio.end();
    String archive = out.toString(StandardCharsets.ISO_8859_1);
    assertEquals(0, archive.length() % 4);
    int at = archive.indexOf("init\0") - 110;
    assertEquals("070701", archive.substring(at, at + 6));
    assertEquals("000081ED", archive.substring(at + 14, at + 22));
    assertEquals("00000005", archive.substring(at + 54, at + 62));
    int data = (at + 110 + 5 + 3) / 4 * 4;
    assertEquals("hello", archive.substring(data, data + 5));
    assertTrue(archive.contains("TRAILER!!!"));
  }

  /** An initramfs is known by it, so an agent that is another one must have another. */
  @Test
  void agentIsKnownByItsDigest() throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(KernelStore.resource("agent"));
    assertEquals(
        HexFormat.of().formatHex(digest).substring(0, 16),
        new String(KernelStore.resource("agent.digest"), StandardCharsets.US_ASCII).strip());
  }

  @Test
  void initramfsOfAgentsOfLongAgoDoNotPileUp(@TempDir Path root) throws Exception {
    Path kernel = Files.createDirectory(root.resolve("kernel"));
    Path modules = Files.createDirectory(kernel.resolve("modules"));
    for (String list : KernelModule.LISTS.keySet()) {
      Files.createFile(modules.resolve(list));
    }
    for (int age = 1; age <= 6; age++) {
      for (String end : List.of(".cpio", ".cpio.sha256")) {
        Path old = Files.createFile(kernel.resolve("initramfs-" + age + end));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(60L * age)));
      }
    }
    String made = String.valueOf(new KernelStore(root).at(kernel).initramfs().getFileName());
    Set<String> kept = Set.of(made, "initramfs-1.cpio", "initramfs-2.cpio", "initramfs-3.cpio");
    try (Stream<Path> left = Files.list(kernel)) {
      assertEquals(
          kept.stream()
              .flatMap(name -> Stream.of(name, name + ".sha256"))
              .collect(Collectors.toSet()),
          left.map(path -> String.valueOf(path.getFileName()))
              .filter(name -> name.startsWith("initramfs-"))
              .collect(Collectors.toSet()));
    }
  }
}
