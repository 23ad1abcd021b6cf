package dev.vivarium.microvm.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a kernel module says of itself, and the order in which modules must be loaded. */
final class KernelModule {
  /** What a signed module ends with; before it a header (include/linux/module_signature.h). */
  private static final byte[] SIGNED =
      "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);

  private static final int SIGNATURE_HEADER = 12;

  private KernelModule() {}

  /**
   * What our guests need beyond what the kernel has built in, when they start: the bus, the
   * channel, the file systems and the device that packets can be taken from. A module that a kernel
   * does not have is built in, or not missed.
   */
  static final List<String> EARLY =
      List.of(
          "crc32c_generic",
          "virtio_mmio",
          "virtio_console",
          "virtio_rng",
          "virtio_balloon",
          "erofs",
          "overlay",
          "fuse",
          "tun");

  /** What they need only when they get their disks, which a template does not have. */
  static final List<String> LATE = List.of("virtio_blk");

  /** The lists that the agent loads, and in what order they may need each other. */
  static final Map<String, List<String>> LISTS;

  static {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    lists.put("early", EARLY);
    lists.put("pci", List.of("virtio_pci"));
    lists.put("vsock", List.of("vmw_vsock_virtio_transport"));
    lists.put("late", LATE);
    lists.put("scratch", List.of("ext4"));
    lists.put("virtiofs", List.of("virtiofs"));
    LISTS = Collections.unmodifiableMap(lists);
  }

  /** A module's name, from its file's name: "-" and "_" are the same in it. */
  static String name(String file) {
    String base = file(file);
    int dot = base.indexOf('.');
    return (dot < 0 ? base : base.substring(0, dot)).replace('-', '_');
  }

  /** A file's name without its directories. */
  static String file(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** The modules that it names as needed before it: its {@code depends=} in .modinfo. */
  static List<String> dependencies(byte[] module) {
    String text = new String(module, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("\0depends=");
    if (at < 0) {
      return List.of();
    }
    int from = at + "\0depends=".length();
    int to = text.indexOf('\0', from);
    List<String> names = new ArrayList<>();
    for (String name : text.substring(from, to < 0 ? from : to).split(",")) {
      if (!name.isBlank()) {
        names.add(name.replace('-', '_'));
      }
    }
    return names;
  }

  /**
   * A module without the distribution's signature behind it, which an emulated guest would take
   * some 20 ms to check: the initramfs is known by its digest, and its kernel takes modules from
   * root as they are.
   */
  static byte[] withoutSignature(byte[] module) {
    int magic = module.length - SIGNED.length;
    if (magic < SIGNATURE_HEADER
        || !Arrays.equals(module, magic, module.length, SIGNED, 0, SIGNED.length)) {
      return module;
    }
    // The header ends with the length of the signature before it.
    int header = magic - SIGNATURE_HEADER;
    int signature = ByteBuffer.wrap(module).getInt(magic - Integer.BYTES);
    return signature < 0 || signature > header ? module : Arrays.copyOf(module, header - signature);
  }

  /** The wanted modules and those that they need, as far as there are such, each after its own. */
  static List<String> order(List<String> wanted, Map<String, List<String>> dependencies) {
    Set<String> order = new LinkedHashSet<>();
    Set<String> under = new LinkedHashSet<>();
    for (String module : wanted) {
      add(module, dependencies, order, under);
    }
    return List.copyOf(order);
  }

  /**
   * Writes the lists of them.
   *
   * @return all that are in one
   */
  static Set<String> write(Map<String, List<String>> dependencies, Path directory)
      throws IOException {
    Set<String> all = new LinkedHashSet<>();
    for (Map.Entry<String, List<String>> wanted : LISTS.entrySet()) {
      StringBuilder list = new StringBuilder();
      for (String module : order(wanted.getValue(), dependencies)) {
        if (all.add(module)) {
          list.append(module).append(".ko\n");
        }
      }
      Files.writeString(directory.resolve(wanted.getKey()), list);
    }
    return all;
  }

  private static void add(
      String module, Map<String, List<String>> dependencies, Set<String> order, Set<String> under) {
    if (!dependencies.containsKey(module) || order.contains(module) || !under.add(module)) {
      return;
    }
    for (String needed : dependencies.get(module)) {
      add(needed, dependencies, order, under);
    }
    order.add(module);
  }
}
