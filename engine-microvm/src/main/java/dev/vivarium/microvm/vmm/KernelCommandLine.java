package dev.vivarium.microvm.vmm;

import java.util.OptionalLong;

/**
 * What a guest's kernel is told: nothing to test or wait for that a guest of ours does not have,
 * and a restart, which ends the machine, at a panic. The agent reads the words that begin with
 * {@code vivarium.}; the user's come last, and so win.
 */
final class KernelCommandLine {
  /** How often a distribution's kernel ticks in a second (CONFIG_HZ of Debian's). */
  private static final int TICKS = 250;

  private KernelCommandLine() {}

  /**
   * The line.
   *
   * @param reboot how the kernel restarts, as {@code reboot=} has it
   * @param agent words for the agent
   */
  static String of(MachineSpec spec, String reboot, String... agent) {
    StringBuilder line =
        new StringBuilder("console=ttyS0 quiet panic=-1 cryptomgr.notests audit=0 reboot=")
            .append(reboot);
    if (spec.accelerator() == Accelerator.TCG) {
      line.append(" noreplace-smp nokaslr tsc=reliable");
      OptionalLong tsc = TscFrequency.kiloHertz();
      if (tsc.isPresent()) {
        line.append(" tsc_early_khz=").append(tsc.getAsLong());
        if (!spec.kernel().isGiven()) {
          // How often a second processor's loop of nothing goes round in a tick is measured else,
          // against ticks of the first one: on a busy host for long, and with any result.
          line.append(" lpj=").append(tsc.getAsLong() * 1000 / TICKS);
        }
      }
    }
    if (spec.bus() == MachineSpec.Bus.PCI) {
      line.append(" vivarium.pci");
    }
    for (String word : agent) {
      line.append(" vivarium.").append(word);
    }
    if (!spec.kernelArguments().isEmpty()) {
      line.append(' ').append(spec.kernelArguments());
    }
    return line.toString();
  }
}
