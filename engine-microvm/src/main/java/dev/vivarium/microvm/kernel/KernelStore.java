package dev.vivarium.microvm.kernel;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The kernels that were fetched: one directory each, which is there only when it is whole. Several
 * processes may use it at once.
 */
public final class KernelStore {
  private static final String PACKAGE = "linux-image-cloud-amd64";

  private static final String GIVEN = "given";
  private static final int MOST_GIVEN = 4;

  private static final String INITRAMFS = "initramfs-";
  private static final String ARCHIVE = ".cpio";
  private static final int MOST_INITRAMFS = 4;

  private final Path root;

  /**
   * @param root a directory of ours; made when it is needed
   */
  public KernelStore(Path root) {
    this.root = root;
  }

  /** The newest kernel that is here, without fetching anything. */
  public Optional<GuestKernel> installed() throws IOException {
    if (!Files.isDirectory(root)) {
      return Optional.empty();
    }
    Optional<Path> newest;
    try (Stream<Path> all = Files.list(root)) {
      newest =
          all.filter(Files::isDirectory)
              .filter(path -> Files.exists(path.resolve(KernelPackage.COMPLETE)))
              .max((a, b) -> Long.compare(a.toFile().lastModified(), b.toFile().lastModified()));
    }
    return newest.isEmpty() ? Optional.empty() : Optional.of(withInitramfs(newest.get()));
  }

  /**
   * The newest kernel that is here, or else the distribution's, fetched through apt and unpacked.
   *
   * @param progress gets a line when it begins to do what takes a while
   * @throws KernelException if none can be had: the line for the user
   */
  public GuestKernel get(Consumer<String> progress) throws IOException, KernelException {
    Optional<GuestKernel> here = installed();
    if (here.isPresent()) {
      return here.get();
    }
    Files.createDirectories(root);
    try (FileChannel channel =
            FileChannel.open(
                root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      here = installed();
      return here.isPresent() ? here.get() : fetch(progress);
    }
  }

  /**
   * One that the user names, unpacked unless it was before.
   *
   * @param file an ELF file, a bzImage or a Debian package
   * @throws KernelException if it is none that a guest can start from: the line for the user
   */
  public GuestKernel given(Path file) throws IOException, KernelException {
    String digest;
    try {
      digest = KernelDigest.of(file);
    } catch (IOException e) {
      throw new KernelException("--kernel: cannot read it: " + e.getMessage(), e);
    }
    String name = String.valueOf(file.getFileName()).replaceAll("[^A-Za-z0-9._+-]", "_");
    Path all = root.resolve(GIVEN);
    Path target =
        all.resolve(
            name.substring(0, Math.min(name.length(), 100)) + "-" + digest.substring(0, 32));
    Files.createDirectories(all);
    try (FileChannel channel =
            FileChannel.open(
                root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = channel.lock()) {
      if (!Files.exists(target.resolve(KernelPackage.COMPLETE))) {
        keepFew(all);
        Path work = Files.createTempDirectory(root, ".part");
        try {
          Path unpacked = Files.createDirectory(work.resolve("kernel"));
          GivenKernel.unpack(file, unpacked, Path.of("/lib/modules"));
          KernelDigest.record(unpacked.resolve("vmlinux"));
          if (Files.exists(target)) {
            Files.move(target, work.resolve("old"), StandardCopyOption.ATOMIC_MOVE);
          }
          Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
          delete(work);
        }
      }
      Files.setLastModifiedTime(target, FileTime.from(Instant.now()));
      return withInitramfs(target);
    }
  }

  /** The kernel of a directory of this store. */
  public GuestKernel at(Path directory) throws IOException {
    return withInitramfs(directory);
  }

  /** Removes those that were not used for longest: each takes some 60 MiB. */
  private static void keepFew(Path all) throws IOException {
    List<Path> kernels;
    try (Stream<Path> list = Files.list(all)) {
      kernels =
          list.sorted(Comparator.comparing((Path path) -> path.toFile().lastModified()).reversed())
              .toList();
    }
    for (Path path : kernels.subList(Math.min(MOST_GIVEN - 1, kernels.size()), kernels.size())) {
      delete(path);
    }
  }

  private GuestKernel fetch(Consumer<String> progress) throws IOException, KernelException {
    Path work = Files.createTempDirectory(root, ".part");
    try {
      progress.accept("fetching a kernel for guests: " + PACKAGE + " ...");
      String name = candidate(work);
      KernelPackage.output(work, "apt-get", "download", name);
      Path deb;
      try (Stream<Path> files = Files.list(work)) {
        deb =
            files
                .filter(path -> path.toString().endsWith(".deb"))
                .findFirst()
                .orElseThrow(
                    () -> new KernelException("apt cannot download " + name + "; " + remedy()));
      }
      Path unpacked = Files.createDirectory(work.resolve("kernel"));
      KernelPackage.extract(deb, unpacked);
      KernelDigest.record(unpacked.resolve("vmlinux"));
      String file = String.valueOf(deb.getFileName());
      Path target = root.resolve(file.substring(0, file.length() - ".deb".length()));
      if (Files.exists(target)) {
        // Of a version that wanted other modules. Machines that run have read it.
        Files.move(target, work.resolve("old"), StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
      return withInitramfs(target);
    } catch (FileSystemException e) {
      throw new KernelException(
          "cannot keep a kernel for guests: " + e.getMessage() + "; make " + root + " writable", e);
    } finally {
      delete(work);
    }
  }

  /** The package that the distribution's meta package stands for now. */
  private static String candidate(Path work) throws IOException, KernelException {
    String answer;
    try {
      answer = KernelPackage.output(work, "apt-cache", "depends", "--important", PACKAGE);
    } catch (IOException e) {
      throw new KernelException(
          "no kernel for guests: there is no apt here to get one from; see docs/microvm.md", e);
    }
    return answer
        .lines()
        .map(String::strip)
        .filter(line -> line.startsWith("Depends: linux-image-"))
        .map(line -> line.substring("Depends: ".length()))
        .findFirst()
        .orElseThrow(() ->
            new KernelException("no kernel for guests: apt knows no " + PACKAGE + "; " + remedy()));
  }

  private static String remedy() {
    return "sudo apt-get update, then try again";
  }

  /** The initramfs for a kernel and this version of the agent; made when it is not there yet. */
  private static GuestKernel withInitramfs(Path kernel) throws IOException {
    // The agent itself is read only where there is no initramfs with it yet.
    String digest = new String(resource("agent.digest"), StandardCharsets.US_ASCII).strip();
    Path initramfs = kernel.resolve(INITRAMFS + digest + ARCHIVE);
    if (!Files.exists(initramfs)) {
      Path part = Files.createTempFile(kernel, ".initramfs", ".part");
      try {
        writeInitramfs(kernel, resource("agent"), part);
        Files.move(part, initramfs, StandardCopyOption.ATOMIC_MOVE);
        KernelDigest.record(initramfs);
      } finally {
        Files.deleteIfExists(part);
      }
      keepFewInitramfs(kernel);
    }
    return new GuestKernel(
        String.valueOf(kernel.getFileName()), kernel.resolve("vmlinux"), initramfs);
  }

  /**
   * Removes those of agents of long ago: each is some 3 MiB. As many stay as there are templates,
   * so that builds which use one store in turn do not make each other's anew. A machine that runs
   * has read its own.
   */
  private static void keepFewInitramfs(Path kernel) throws IOException {
    List<Path> all;
    try (Stream<Path> list = Files.list(kernel)) {
      all =
          list.filter(KernelStore::isInitramfs)
              .sorted(Comparator.comparing((Path path) -> path.toFile().lastModified()).reversed())
              .toList();
    }
    for (Path path : all.subList(Math.min(MOST_INITRAMFS, all.size()), all.size())) {
      Files.deleteIfExists(path);
      Files.deleteIfExists(KernelDigest.beside(path));
    }
  }

  private static boolean isInitramfs(Path path) {
    String name = String.valueOf(path.getFileName());
    return name.startsWith(INITRAMFS) && name.endsWith(ARCHIVE);
  }

  /** Whether a kernel's directory is one of those that users gave. */
  static boolean isGiven(Path kernel) {
    Path all = kernel.getParent();
    return all == null || all.endsWith(GIVEN);
  }

  private static void writeInitramfs(Path kernel, byte[] agent, Path file) throws IOException {
    Path modules = kernel.resolve("modules");
    // One that was given may insist on signatures.
    boolean asTheyAre = isGiven(kernel);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      CpioWriter cpio = new CpioWriter(out);
      cpio.directory("dev");
      cpio.characterDevice("dev/console", 5, 1);
      cpio.file("init", true, agent);
      cpio.directory("modules");
      for (String list : KernelModule.LISTS.keySet()) {
        cpio.file("modules/" + list, false, Files.readAllBytes(modules.resolve(list)));
        for (String module : Files.readAllLines(modules.resolve(list))) {
          byte[] whole = Files.readAllBytes(modules.resolve(module));
          cpio.file(
              "modules/" + module, false, asTheyAre ? whole : KernelModule.withoutSignature(whole));
        }
      }
      cpio.end();
    }
  }

  /** Something that the build has put beside the classes. */
  static byte[] resource(String name) throws IOException {
    try (InputStream in = KernelStore.class.getResourceAsStream("/native/" + name)) {
      if (in == null) {
        throw new IOException(name + " is missing from this build; build Vivarium again");
      }
      return in.readAllBytes();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
