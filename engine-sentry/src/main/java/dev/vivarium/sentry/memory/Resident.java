package dev.vivarium.sentry.memory;

/**
 * Bytes of an address space that have memory behind them, by what they are.
 *
 * @param anonymous a process's own: also the pages of a private file mapping that it has written to
 * @param file pages of files as they are
 * @param sharedMemory shared anonymous memory and tmpfs
 */
public record Resident(long anonymous, long file, long sharedMemory) {
  public long total() {
    return anonymous + file + sharedMemory;
  }
}
