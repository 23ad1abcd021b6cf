package dev.vivarium.microvm.vmm;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The words of a command line for QEMU. */
final class QemuCommand {
  static final String PROGRAM = "qemu-system-x86_64";

  private QemuCommand() {}

  /**
   * Where the guest's memory is.
   *
   * @param file with all of it, of the guest's size; null for memory of its own
   * @param shared whether what the guest writes goes to the file
   * @param state of another machine, whose clone it is; else null
   */
  record Memory(@Nullable Path file, boolean shared, @Nullable Path state) {
    static final Memory OWN = new Memory(null, false, null);

    boolean incoming() {
      return state != null;
    }
  }

  /**
   * The sockets of one machine.
   *
   * @param monitor where its control protocol goes: it connects to it
   * @param agent the same for its agent's port
   * @param files where it then listens for who wants the port of host files
   * @param network the same for the port of the network
   */
  record Sockets(Path monitor, Path agent, Path files, Path network) {
    static Sockets in(Path directory) {
      return new Sockets(
          directory.resolve("qmp.sock"),
          directory.resolve("agent.sock"),
          directory.resolve("files.sock"),
          directory.resolve("network.sock"));
    }
  }

  /** For a machine that connects to our two sockets when it starts. */
  static List<String> of(MachineSpec spec, Memory memory, Sockets sockets) {
    boolean emulated = spec.accelerator() == Accelerator.TCG;
    String size = (spec.memoryBytes() >> 20) + "M";
    List<String> words = new ArrayList<>();
    words.addAll(List.of(PROGRAM, "-nodefaults", "-no-user-config", "-no-reboot"));
    words.addAll(List.of("-display", "none", "-serial", "stdio"));
    words.addAll(
        List.of(
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    words.addAll(List.of("-accel", emulated ? "tcg" : "kvm", "-cpu", emulated ? "max" : "host"));
    words.addAll(List.of("-m", size, "-smp", String.valueOf(spec.processors())));
    boolean pci = spec.bus() == MachineSpec.Bus.PCI;
    String machine = pci ? "q35" : "microvm,rtc=on,pit=on,pic=on,isa-serial=on";
    if (memory.file() != null) {
      machine += ",memory-backend=mem";
      words.addAll(
          List.of(
              "-object",
              "memory-backend-file,id=mem,size="
                  + size
                  + ",share="
                  + (memory.shared() ? "on" : "off")
                  + ",mem-path="
                  + escape(memory.file())));
    }
    if (!spec.shares().isEmpty()) {
      // What others make devices of, they must have too.
      machine += ",memory-backend=mem";
      words.addAll(List.of("-object", "memory-backend-memfd,id=mem,share=on,size=" + size));
    }
    words.addAll(List.of("-M", machine));
    if (!pci) {
      words.addAll(List.of("-global", "virtio-mmio.force-legacy=false"));
    }
    if (memory.incoming()) {
      words.addAll(List.of("-incoming", "defer"));
    } else {
      words.addAll(List.of("-kernel", spec.kernel().image().toString()));
      words.addAll(List.of("-initrd", spec.kernel().initramfs().toString()));
      // Only a template's memory is shared with its file.
      String line =
          memory.shared()
              ? KernelCommandLine.of(spec, "t", "template")
              : KernelCommandLine.of(spec, "t");
      words.addAll(List.of("-append", line));
    }
    words.addAll(List.of("-chardev", "socket,id=monitor,path=" + escape(sockets.monitor())));
    // Before there is a machine, so that a clone of one whose agent was being heard has nothing to
    // tell
    // its guest of.
    words.addAll(List.of("-chardev", "socket,id=agent,path=" + escape(sockets.agent())));
    words.addAll(List.of("-mon", "chardev=monitor,mode=control"));
    words.addAll(List.of("-device", device("serial", pci) + ",max_ports=4"));
    addPort(words, "agent");
    addListener(words, "files", sockets.files());
    addPort(words, "files");
    addListener(words, "network", sockets.network());
    addPort(words, "network");
    words.addAll(List.of("-device", device("rng", pci)));
    // What a guest has freed goes back to the host: by a hole in the file that its memory is in,
    // even
    // if it is mapped privately. A template's file must have none: other clones read it.
    words.addAll(
        List.of(
            "-device",
            device("balloon", pci)
                + ",free-page-reporting="
                + (memory.file() == null ? "on" : "off")));
    for (int i = 0; i < spec.disks().size(); i++) {
      words.addAll(
          List.of(
              "-drive",
              "if=none,id=layer"
                  + i
                  + ",format=raw,readonly=on,file="
                  + escape(spec.disks().get(i))));
      addDisk(words, "layer" + i, pci);
    }
    if (spec.scratch().isPresent()) {
      // Nobody reads it after the machine, so nothing need reach the host's disk; and a full one is
      // the guest's matter, not a reason to stop the machine.
      words.addAll(
          List.of(
              "-drive",
              "if=none,id=scratch,format=raw,cache=unsafe,discard=unmap,werror=report,rerror=report"
                  + ",file="
                  + escape(spec.scratch().get())));
      addDisk(words, "scratch", pci);
    }
    for (MachineSpec.Share share : spec.shares()) {
      words.addAll(
          List.of(
              "-chardev", "socket,id=" + share.tag() + ",path=" + escape(share.socket()),
              "-device",
                  "vhost-user-fs-"
                      + (pci ? "pci" : "device")
                      + ",chardev="
                      + share.tag()
                      + ",tag="
                      + share.tag()));
    }
    return words;
  }

  private static String device(String kind, boolean pci) {
    return "virtio-" + kind + (pci ? "-pci" : "-device");
  }

  private static void addDisk(List<String> words, String name, boolean pci) {
    words.addAll(List.of("-device", device("blk", pci) + ",drive=" + name + ",serial=" + name));
  }

  private static void addListener(List<String> words, String name, Path socket) {
    words.addAll(
        List.of("-chardev", "socket,id=" + name + ",server=on,wait=off,path=" + escape(socket)));
  }

  private static void addPort(List<String> words, String name) {
    words.addAll(List.of("-device", "virtserialport,chardev=" + name + ",name=vivarium." + name));
  }

  /** A comma ends a value, unless it is doubled. */
  private static String escape(Path path) {
    return path.toString().replace(",", ",,");
  }
}
