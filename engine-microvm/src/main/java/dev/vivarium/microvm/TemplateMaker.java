package dev.vivarium.microvm;

import dev.vivarium.image.store.ImageStore;
import dev.vivarium.microvm.kernel.KernelStore;
import dev.vivarium.microvm.vmm.Accelerator;
import dev.vivarium.microvm.vmm.MachineSpec;
import dev.vivarium.microvm.vmm.QemuTemplates;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The process that makes a template in the background, so that the next machine of its kind need
 * not boot: started by the sandbox that had to, and outliving it, at the lowest priority.
 */
public final class TemplateMaker {
  private TemplateMaker() {}

  /** Starts it. */
  static void start(MachineSpec spec) throws IOException {
    background(
        List.of(
            "setsid",
            "nice",
            "-n",
            "19",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-Dvivarium.home=" + System.getProperty("vivarium.home", ""),
            "-cp",
            System.getProperty("java.class.path"),
            TemplateMaker.class.getName(),
            spec.accelerator().name(),
            String.valueOf(spec.memoryBytes()),
            String.valueOf(spec.processors()),
            String.valueOf(spec.disks().size()),
            spec.bus().name(),
            String.valueOf(spec.kernel().image().getParent()),
            spec.scratch().isPresent() ? "scratch" : "",
            spec.kernelArguments()));
  }

  /** Makes it; what goes wrong, the next sandbox meets again. */
  public static void main(String[] words) throws Exception {
    Path kernels = ImageStore.defaultRoot().resolve("kernels");
    Path sockets = Files.createTempDirectory("vivarium-template-");
    try {
      MachineSpec spec =
          new MachineSpec(
              new KernelStore(kernels).at(Path.of(words[5])),
              Accelerator.valueOf(words[0]),
              MachineSpec.Bus.valueOf(words[4]),
              Long.parseLong(words[1]),
              Integer.parseInt(words[2]),
              Collections.nCopies(Integer.parseInt(words[3]), Path.of("/")),
              words[6].isEmpty() ? Optional.empty() : Optional.of(Path.of("/")),
              List.of(),
              words[7],
              sockets);
      new QemuTemplates(QemuTemplates.below(kernels)).make(spec);
    } finally {
      List<Path> left;
      try (Stream<Path> files = Files.list(sockets)) {
        left = files.toList();
      }
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(sockets);
    }
    train(System.getProperty("vivarium.home", ""));
  }

  /**
   * Has the cache made that starts of virtual machines load their classes from, in a checkout that
   * has its others: when it was built there was no kernel yet.
   */
  private static void train(String home) throws IOException {
    Path checkout = Path.of(home).resolve("../../..").normalize();
    Path script = checkout.resolve("tools/train");
    if (!Path.of(home).endsWith("app-cli/target/dist")
        || "1".equals(System.getenv("VIVARIUM_NO_TRAINING"))
        || !Files.exists(Path.of(home, "sandbox.aot"))
        || Files.exists(Path.of(home, "vm.aot"))
        || !Files.isExecutable(script)) {
      return;
    }
    background(
        List.of(
            "setsid",
            "nice",
            script.toString(),
            checkout.toString(),
            System.getProperty("java.home")));
  }

  private static void background(List<String> command) throws IOException {
    new ProcessBuilder(command)
        .redirectInput(new File("/dev/null"))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
