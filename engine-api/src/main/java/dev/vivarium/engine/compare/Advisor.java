package dev.vivarium.engine.compare;

import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.Sandboxes;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.engine.watch.report.Report;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.JsonDocument;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which engine suits a run, and why. Work that computes, and little memory, suit the sentry: it has
 * no kernel and no memory of a guest's beside it. Work that makes system calls most of the time
 * suits a virtual machine, whose own kernel answers them without a way to the outside; so does a
 * program that needs a call which the sentry does not have. Where there is no KVM a virtual
 * machine's processor is emulated, several times slower, and only the last of these reasons is
 * left.
 */
public final class Advisor {
  private static final String SENTRY = "sentry";
  private static final String MICROVM = "microvm";
  private static final int MOST_RUNS = 10;
  private static final int MOST_LOOKED_AT = 500;
  private static final int MAX_REPORT = 16 << 20;

  /** Of a run's time, so much in system calls speaks for a kernel of its own. */
  private static final double BUSY = 0.3;

  /** A virtual machine takes about this much for itself. */
  private static final long TIGHT_BYTES = 256L << 20;

  private final boolean kvm;

  /** One for this machine. */
  public Advisor() {
    this(Files.isReadable(Path.of("/dev/kvm")) && Files.isWritable(Path.of("/dev/kvm")));
  }

  /** One for a machine with or without KVM. */
  Advisor(boolean kvm) {
    this.kvm = kvm;
  }

  /**
   * What is advised.
   *
   * @param reason one line
   */
  public record Advice(String engine, String reason) {}

  /**
   * What recorded runs of the same image and program showed.
   *
   * @param runs how many there are
   * @param failing how many of them failed and had asked for calls that the sentry does not have
   * @param missing one such call; empty if there is none
   * @param callShare of their time, how much they spent in system calls without being made to wait
   */
  record History(int runs, int failing, String missing, double callShare) {}

  /**
   * Advises.
   *
   * @param memoryBytes its limit; 0 for none
   */
  public Advice advise(
      Directories directories, String image, List<String> command, long memoryBytes) {
    return advise(history(directories, image, command), memoryBytes);
  }

  Advice advise(History known, long memoryBytes) {
    if (known.failing > 0) {
      return new Advice(
          MICROVM,
          known.failing
              + " of "
              + known.runs
              + " recorded runs failed and had asked for what the sentry does not have ("
              + known.missing
              + ")"
              + (kvm ? "" : "; without KVM it will be slow"));
    }
    if (!kvm) {
      return new Advice(
          SENTRY, "there is no KVM here, and a virtual machine would run on an emulated processor");
    }
    if (memoryBytes > 0 && memoryBytes < TIGHT_BYTES) {
      return new Advice(
          SENTRY,
          "it may use " + (memoryBytes >> 20) + " MiB, of which a guest kernel would take much");
    }
    if (known.runs > 0) {
      String share =
          String.format(
              Locale.ROOT,
              "%s spent %.0f %% of %s time in system calls",
              known.runs == 1 ? "one recorded run" : known.runs + " recorded runs",
              known.callShare * 100,
              known.runs == 1 ? "its" : "their");
      return known.callShare > BUSY
          ? new Advice(MICROVM, share + ": a kernel of its own answers them faster")
          : new Advice(SENTRY, share + ": it starts sooner and needs less memory");
    }
    return new Advice(SENTRY, "nothing is known of it yet (--record a run), and it starts sooner");
  }

  /**
   * What is kept of runs of the same program in the same image; what cannot be read is left out.
   */
  static History history(Directories directories, String image, List<String> command) {
    int runs = 0;
    int failing = 0;
    String missing = "";
    double share = 0;
    try {
      int looked = 0;
      for (SandboxState state : new Sandboxes(directories).list()) {
        if (looked++ == MOST_LOOKED_AT || runs == MOST_RUNS) {
          break;
        }
        if (state.isAlive()
            || !state.image().equals(image)
            || !state.engine().equals(SENTRY)
            || command.isEmpty()
            || state.command().isEmpty()
            || !state.command().getFirst().equals(command.getFirst())) {
          continue;
        }
        Map<?, ?> report = report(StateEntry.of(directories, state.id()).report());
        if (report == null) {
          continue;
        }
        runs++;
        share += share(report);
        if (state.exitCode() != 0
            && report.get("unsupported") instanceof List<?> calls
            && !calls.isEmpty()
            && calls.getFirst() instanceof Map<?, ?> call) {
          failing++;
          missing = String.valueOf(call.get("name"));
        }
      }
    } catch (IOException e) {
      // Then nothing is known.
    }
    return new History(runs, failing, missing, runs == 0 ? 0 : share / runs);
  }

  private static double share(Map<?, ?> report) {
    long inside = 0;
    if (report.get("systemCalls") instanceof List<?> calls) {
      for (Object one : calls) {
        if (one instanceof Map<?, ?> call) {
          inside += Math.max(0, number(call, "totalNanos") - number(call, "blockedNanos"));
        }
      }
    }
    return Math.min(1, inside / (double) Math.max(1, number(report, "durationNanos")));
  }

  private static long number(Map<?, ?> of, String name) {
    return of.get(name) instanceof Number n ? n.longValue() : 0;
  }

  private static @Nullable Map<?, ?> report(Path file) throws IOException {
    if (!Files.exists(file) || Files.size(file) > MAX_REPORT) {
      return null;
    }
    try {
      return JsonDocument.read(Files.readAllBytes(file), Report.MAX_DEPTH) instanceof Map<?, ?> map
          ? map
          : null;
    } catch (BadDocumentException e) {
      return null;
    }
  }
}
