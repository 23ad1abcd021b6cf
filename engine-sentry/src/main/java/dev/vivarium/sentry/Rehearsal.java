package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole sandbox that runs {@code true} and ends, for nothing but that everything has been loaded,
 * initialised and run once when the real one comes: half of a start is code that runs for the first
 * time.
 */
final class Rehearsal {
  private static final int ROUNDS = 5;

  private static final Map<String, String> ENVIRONMENT =
      Map.of("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

  /** What is not there fails, and nobody minds. */
  private static final String PROGRAMS =
      """
      ls -la / /usr/bin; find /usr/share/doc | head -n 3000 | sort | tail -n 1
      cat /proc/self/maps /proc/meminfo /proc/mounts; grep -r root /etc; tar c /usr/include | wc -c
      mkdir -p /tmp/d; cd /tmp/d; echo a >b; mv b c; ln c d; ln -s d e; cat e >>c; chmod 600 c; touch f; rm c d e f
      cd ..; rmdir d; for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; cat /etc/passwd >copy; done
      dd if=/dev/zero of=zeros bs=64k count=16; truncate -s 1000 zeros; cmp zeros copy; sleep 0.01 & wait
      (trap 'echo' USR1; kill -USR1 $$); stat /tmp; id; date; df /; timeout 1 true
      find /rehearsal >/dev/null; grep -r root /rehearsal; tar c /rehearsal | wc -c; ls -lR /rehearsal; cat /rehearsal/passwd
      perl -e 'print qx(uname -a); sleep 0; print sort(keys(%ENV))'
      for i in 1 2 3; do python3 -c 'import threading, subprocess, json, os
      t = threading.Thread(target=print); t.start(); t.join(); subprocess.run(["true"])'; python3 -c pass; done
      """;

  private Rehearsal() {}

  /** Runs it; should it fail, the real one will say why. */
  static void run() {
    run(List.of("/bin/true"));
  }

  /** Runs it often, with what programs mostly do, so that what they wait for is compiled. */
  static void runAll() {
    for (int i = 0; i < ROUNDS; i++) {
      run(List.of("/bin/sh", "-c", PROGRAMS));
      run();
    }
  }

  private static void run(List<String> arguments) {
    try {
      SentrySandbox.start(spec(arguments), new Nowhere(), null).await();
    } catch (EngineException e) {
      // Not ours to tell.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static SandboxSpec spec(List<String> arguments) {
    return new SandboxSpec(
        "000000000000",
        "rehearsal",
        "sentry",
        Optional.empty(),
        new SandboxSpec.Root.Host(),
        new SandboxSpec.ProcessSpec(arguments, ENVIRONMENT, "/", "", false, false),
        "rehearsal",
        List.of(new SandboxSpec.Mount("/etc", "/rehearsal", false)),
        false,
        new SandboxSpec.Limits(0, 0, 0),
        Optional.empty(),
        Optional.empty());
  }

  /** Nothing of it is heard or kept. */
  private static final class Nowhere implements SandboxHost {
    @Override
    public Path runDirectory() {
      return Path.of("/nonexistent");
    }

    @Override
    public Stdio stdio() {
      return new Stdio.Streams(
          InputStream.nullInputStream(),
          OutputStream.nullOutputStream(),
          OutputStream.nullOutputStream(),
          false,
          0,
          0);
    }

    @Override
    public void log(String line) {
      // Not ours to tell.
    }
  }
}
