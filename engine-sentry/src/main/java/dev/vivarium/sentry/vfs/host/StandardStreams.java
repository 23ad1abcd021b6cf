package dev.vivarium.sentry.vfs.host;

import dev.vivarium.engine.SandboxHost.Stdio;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.Pipe;
import dev.vivarium.sentry.ipc.PipeFile;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.tty.DevPts;
import dev.vivarium.sentry.tty.SlaveFile;
import dev.vivarium.sentry.tty.Terminal;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Descriptors 0, 1 and 2 of the first process. Made before the kernel thread runs, or on it. */
public final class StandardStreams {
  private final File[] files = new File[3];
  private final List<StreamSink> outputs = new ArrayList<>();
  private @Nullable Terminal terminal;

  /** Keeps the terminal's output going while no program happens to have it open. */
  private @Nullable SlaveFile kept;

  private final HostFs inherited;

  private StandardStreams(HostFs inherited) {
    this.inherited = inherited;
  }

  /**
   * Opens them.
   *
   * @param t the kernel's own task
   * @param hostDevice {@code st_dev} of inherited descriptors
   * @param stdin whether standard input is connected
   * @param owner the user who is to own the terminal
   * @param nothing an open /dev/null, with a reference that this takes over; used without stdin
   */
  public static StandardStreams open(
      Task t, Stdio how, long hostDevice, boolean stdin, File nothing, DevPts devpts, int owner) {
    Kernel kernel = t.kernel();
    StandardStreams s = new StandardStreams(new HostFs(hostDevice, kernel.loop()));
    if (!(how instanceof Stdio.Streams streams)) {
      s.inherit(s.inherited);
    } else if (streams.terminal()) {
      s.terminal(t, streams, devpts, owner);
    } else {
      s.pipes(t, streams);
    }
    if (!stdin && s.terminal == null) {
      s.files[0].drop(t);
      s.files[0] = nothing;
    } else {
      nothing.drop(t);
    }
    return s;
  }

  /** The file for descriptor 0, 1 or 2, with one reference for the caller. */
  public File file(int descriptor) {
    return files[descriptor];
  }

  /** The terminal that the guest's session is to have, if there is one. */
  public @Nullable Terminal terminal() {
    return terminal;
  }

  /**
   * Their process has ended: what it wrote is handed on, and then nobody is at the other ends any
   * more, whoever else may still have them open. On the kernel thread.
   *
   * @return completes when all is written, or cannot be
   */
  public CompletableFuture<Void> end(Task t) {
    SlaveFile slave = kept;
    kept = null;
    if (slave != null) {
      slave.drop(t);
    }
    return CompletableFuture.allOf(
        outputs.stream().map(StreamSink::end).toArray(CompletableFuture<?>[]::new));
  }

  /**
   * Waits until all output has reached its readers. On the kernel thread, after its loop has ended
   * and every guest file is closed.
   *
   * @return false if that took too long: some output is lost
   */
  public boolean finish(Task t, long nanos) throws InterruptedException {
    SlaveFile slave = kept;
    kept = null;
    if (slave != null) {
      slave.drop(t);
    }
    long deadline = System.nanoTime() + nanos;
    boolean all = true;
    for (StreamSink sink : outputs) {
      sink.finish(deadline);
      all &= sink.awaitDone(deadline);
    }
    return all;
  }

  /** The file for another descriptor that this process has inherited, with one reference. */
  public File inherited(int descriptor) {
    return HostFile.of(inherited.inode(descriptor));
  }

  private void inherit(HostFs fs) {
    for (int fd = 0; fd < 3; fd++) {
      files[fd] = HostFile.of(fs.inode(fd));
    }
  }

  private void pipes(Task t, Stdio.Streams streams) {
    KernelLoop loop = t.kernel().loop();
    PipeFile in = null;
    for (int fd = 0; fd < 3; fd++) {
      Inode inode =
          t.kernel().anonFileSystems().pipes().newInode(t, Stat.S_IFIFO | 0600, "pipe:[%d]");
      Pipe pipe = new Pipe();
      inode.special = pipe;
      PipeFile reader = new PipeFile(inode, null, Fcntl.O_RDONLY, pipe);
      PipeFile writer = new PipeFile(inode, null, Fcntl.O_WRONLY, pipe);
      if (fd == 0) {
        files[0] = reader;
        in = writer;
        new StreamSource(streams.input(), loop, new PipeTarget(t, in)).start();
      } else {
        files[fd] = writer;
        StreamSink sink =
            new StreamSink(
                fd == 1 ? streams.output() : streams.error(), loop, new PipeOutput(t, reader));
        sink.start(fd == 1 ? "stdout" : "stderr");
        outputs.add(sink);
      }
    }
  }

  private void terminal(Task t, Stdio.Streams streams, DevPts devpts, int owner) {
    Kernel kernel = t.kernel();
    Terminal tty = devpts.newTerminal(owner);
    if (tty == null) {
      throw new IllegalStateException("no terminal left");
    }
    tty.setUtf8();
    tty.resize(streams.rows(), streams.columns());
    terminal = tty;
    SlaveFile slave = devpts.openFirst(t, tty);
    slave.acquire();
    kept = slave;
    files[0] = slave;
    files[1] = slave.acquire();
    files[2] = slave.acquire();
    new StreamSource(streams.input(), kernel.loop(), new TerminalTarget(tty)).start();
    StreamSink sink =
        new StreamSink(streams.output(), kernel.loop(), new TerminalOutput(tty, devpts));
    sink.start("terminal");
    outputs.add(sink);
  }

  private record PipeTarget(Task task, PipeFile writer) implements StreamSource.Target {
    @Override
    public int accept(byte[] bytes, int offset, int length) {
      long n = writer.pipe().tryWrite(Uio.of(bytes, offset, length), false);
      if (n == -Errno.EAGAIN && length > 1) {
        // Atomicity is for programs; a client's bytes go in as they fit.
        n = writer.pipe().tryWrite(Uio.of(bytes, offset, 1), false);
      }
      return n == -Errno.EAGAIN ? 0 : (int) n;
    }

    @Override
    public WaitQueue room() {
      return writer.pollQueue();
    }

    @Override
    public void end() {
      writer.drop(task);
    }
  }

  private record PipeOutput(Task task, PipeFile reader) implements StreamSink.Source {
    @Override
    public int take(byte[] target) {
      long n = reader.pipe().tryRead(Uio.of(target, 0, target.length));
      return n == -Errno.EAGAIN ? 0 : n <= 0 ? -1 : (int) n;
    }

    @Override
    public WaitQueue data() {
      return reader.pollQueue();
    }

    @Override
    public void abandon() {
      reader.drop(task);
    }
  }

  private record TerminalTarget(Terminal terminal) implements StreamSource.Target {
    @Override
    public int accept(byte[] bytes, int offset, int length) {
      return terminal.masterWrite(bytes, offset, length);
    }

    @Override
    public WaitQueue room() {
      return terminal.masterQueue();
    }

    /**
     * The client has no more input, as at the end of a script. A terminal has no such state, so its
     * user presses the key for it: twice, because a line that was begun takes the first.
     */
    @Override
    public void end() {
      byte[] keys = {terminal.endOfFileKey(), terminal.endOfFileKey()};
      terminal.masterWrite(keys, 0, keys.length);
    }
  }

  private record TerminalOutput(Terminal terminal, DevPts devpts) implements StreamSink.Source {
    @Override
    public int take(byte[] target) {
      long n = terminal.masterRead(Uio.of(target, 0, target.length));
      return n == -Errno.EAGAIN ? 0 : n <= 0 ? -1 : (int) n;
    }

    @Override
    public WaitQueue data() {
      return terminal.masterQueue();
    }

    /** The client is gone: a hang-up, as when a terminal window is closed. */
    @Override
    public void abandon() {
      devpts.close(terminal);
    }
  }
}
