package dev.vivarium.sentry.platform;

/** Runs guest code and brings back its system calls. */
public interface Platform extends AutoCloseable {
  /** systrap, ptrace or kvm. */
  String name();

  /** Makes an address space, empty, with its first context, which stands still. */
  Context newProcess() throws PlatformException;

  /** Lowest guest address that may be mapped. */
  long minAddress();

  /** One past the highest guest address that may be mapped. */
  long maxAddress();

  /**
   * Where code in a guest may jump to instead of making a system call, in every address space; 0 if
   * there is no such place. {@code memory.Patcher} says how.
   */
  default long directEntry() {
    return 0;
  }

  /**
   * Where a vDSO is mapped in every address space, above {@link #maxAddress}; 0 if there is none.
   */
  default long vdsoAddress() {
    return 0;
  }

  /** Bytes of the vDSO, a multiple of the page size. */
  default long vdsoSize() {
    return 0;
  }

  /**
   * Looks once for contexts with a new event and hands each to {@code sink}.
   *
   * @return how many there were
   */
  int poll(EventSink sink);

  /**
   * To be called between two {@link #poll}s that have found nothing.
   *
   * @return false if to look again is in vain until this thread has slept
   */
  default boolean pause() {
    Thread.onSpinWait();
    return true;
  }

  /**
   * Sleeps until a guest has an event, {@link #wake} is called, or the time is over. Spurious
   * returns are allowed.
   *
   * @param timeoutNanos at most this long; negative for no limit
   */
  void sleep(long timeoutNanos);

  /** Ends a {@link #sleep}, from any thread. */
  void wake();

  /**
   * Looks whether guests still come when they are called, and whoever runs them answers; ends those
   * that do not. To be called every few seconds, on the thread that polls.
   *
   * @return why no guest can run any more; empty if they can
   */
  default String lookAfterGuests() {
    return "";
  }

  /**
   * A descriptor of the host's process that runs the guests, by which it can be watched and ended;
   * -1 if there is none.
   */
  default int processDescriptor() {
    return -1;
  }

  /** Ends every guest process; returns when none is left. */
  @Override
  void close();

  /** Takes a context that has an event. */
  interface EventSink {
    void onEvent(Context context);

    /** The process of a context that stands still is no more; it will never run again. */
    default void onLost(Context context) {}
  }
}
