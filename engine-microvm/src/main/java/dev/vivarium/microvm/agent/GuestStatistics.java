package dev.vivarium.microvm.agent;

import java.util.List;

/**
 * What a guest uses, as its own kernel says: untrusted.
 *
 * @param cpuMicros processor time of the sandbox's processes
 * @param memoryBytes memory of the sandbox's processes and their files
 * @param memoryTotal all the memory the guest has
 * @param tasks how many there are
 * @param contextSwitches since the guest's start
 * @param calls system calls, if they are counted
 */
public record GuestStatistics(
    long cpuMicros,
    long memoryBytes,
    long memoryTotal,
    int tasks,
    long contextSwitches,
    List<CallCount> calls) {
  public GuestStatistics {
    calls = List.copyOf(calls);
  }
}
