package dev.vivarium.microvm.files;

import dev.vivarium.microvm.host.HostCalls;
import dev.vivarium.microvm.host.ShimWalls;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * The files of the host that one guest may see: its mounts, the threads that answer its requests,
 * and how long each kind of request took. Methods may be called from any thread.
 */
public final class FileServer implements Closeable {
  /** One waits for the disk, the other goes on. */
  private static final int THREADS = 2;

  /** Where answers go. */
  public interface Answers {
    /**
     * Takes an answer.
     *
     * @param frame of which only the header, before the buffer's position, is still missing; used
     *     again when this returns
     */
    void send(int mount, ByteBuffer frame) throws IOException;
  }

  /**
   * One mount, as the guest is told of it.
   *
   * @param target absolute path, or empty for what lies under its root
   * @param mode file type and permissions of what is mounted
   * @param byDevice whether a device of the machine's shows it, and not the channel
   */
  public record Mount(String target, boolean writable, int mode, boolean byDevice) {
    /** Whether it is one, and not a single file. */
    public boolean isDirectory() {
      return (mode & Fuse.S_IFMT) == Fuse.S_IFDIR;
    }

    private Mount onDevice() {
      return new Mount(target, writable, mode, true);
    }
  }

  private record Asked(int mount, FuseRequest request) {}

  private final List<Mount> mounts = new ArrayList<>();
  private final List<FuseMount> served = new ArrayList<>();
  private final ArrayDeque<Asked> queue = new ArrayDeque<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<Runnable> ends = new ArrayList<>();
  private final int mostWaiting;
  private final AtomicLongArray counts = new AtomicLongArray(Fuse.MOST_OPCODES);
  private final AtomicLongArray nanos = new AtomicLongArray(Fuse.MOST_OPCODES);
  private @Nullable HostCalls opening;
  private @Nullable Answers answers;
  private boolean closed;

  /**
   * @param mostWaiting how many requests a guest may have waiting; one more is against the rules
   */
  public FileServer(int mostWaiting) {
    this.mostWaiting = mostWaiting;
  }

  /** Shows this machine's own root, read-only and under the policy, under the guest's root. */
  public void addMachine() throws IOException {
    add("", HostTree.ofMachine(opening()));
  }

  /** Shows a host path at a path of the guest. */
  public void add(String source, String target, boolean writable) throws IOException {
    add(target, HostTree.ofPath(source, writable, opening()));
  }

  /** The first of them in a process takes a while, and most sandboxes have no files of the host. */
  private HostCalls opening() {
    if (opening == null) {
      opening = new HostCalls();
    }
    return opening;
  }

  private void add(String target, HostTree tree) {
    mounts.add(new Mount(target, tree.isWritable(), tree.rootMode(), false));
    served.add(new FuseMount(tree));
  }

  /** What is shown, in the order in which the guest is to mount it. */
  public List<Mount> mounts() {
    return List.copyOf(mounts);
  }

  /** Whether the guest asks for some of them through the channel. */
  public boolean hasChannel() {
    return mounts.stream().anyMatch(mount -> !mount.byDevice());
  }

  /**
   * A device of the machine's shows a mount.
   *
   * @param thread that answers for it; waited for at the end
   * @param end has it end, if it has not when its machine did
   */
  public synchronized void serveByDevice(int mount, Thread thread, Runnable end) {
    mounts.set(mount, mounts.get(mount).onDevice());
    threads.add(thread);
    ends.add(end);
  }

  /** Lets this process have these files, once it is confined. */
  public void allow(ShimWalls walls) {
    served.forEach(mount -> mount.tree().allow(walls));
  }

  /** Begins to answer. */
  public synchronized void start(Answers to) {
    answers = to;
    for (int i = 0; i < THREADS && !served.isEmpty(); i++) {
      Thread thread = new Thread(null, this::serve, "files-" + i, 512 << 10);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  /**
   * Whoever hears a guest's requests: one thread. What is answered with little, and without reading
   * or writing a file, it answers itself; the rest is for threads that may wait.
   */
  public final class Ear implements Closeable {
    private final FuseReply reply = new FuseReply();
    private final HostCalls calls = new HostCalls();

    /**
     * A request came from the guest.
     *
     * @throws IOException if it is against the rules, or the guest is gone
     */
    public void ask(int mount, byte[] bytes) throws IOException {
      if (mount < 0 || mount >= served.size()) {
        throw new IOException("the guest asks for files that it was not shown");
      }
      FuseRequest request = request(bytes);
      switch (request.opcode) {
        case Fuse.LOOKUP,
            Fuse.FORGET,
            Fuse.BATCH_FORGET,
            Fuse.INTERRUPT,
            Fuse.GETATTR,
            Fuse.OPEN,
            Fuse.OPENDIR,
            Fuse.RELEASE,
            Fuse.RELEASEDIR,
            Fuse.FLUSH ->
            FileServer.this.answer(new Asked(mount, request), reply, calls);
        default -> enqueue(new Asked(mount, request));
      }
    }

    /**
     * The same of a request that is answered here and now.
     *
     * @return the answer, valid until the next; null if none is wanted
     * @throws IOException if the request is against the rules
     */
    public @Nullable ByteBuffer answer(int mount, byte[] bytes) throws IOException {
      return done(new Asked(mount, request(bytes)), reply, calls);
    }

    private static FuseRequest request(byte[] bytes) throws IOException {
      try {
        return new FuseRequest(bytes);
      } catch (FuseRequest.Malformed e) {
        throw new IOException("the guest sent what is no request for files", e);
      }
    }

    @Override
    public void close() {
      calls.close();
    }
  }

  private synchronized void enqueue(Asked asked) throws IOException {
    if (queue.size() >= mostWaiting) {
      throw new IOException("the guest asks for more at once than it may");
    }
    queue.add(asked);
    notify();
  }

  private synchronized @Nullable Asked next() throws InterruptedException {
    while (queue.isEmpty() && !closed) {
      wait();
    }
    return closed ? null : queue.poll();
  }

  private void serve() {
    FuseReply reply = new FuseReply();
    try (HostCalls calls = new HostCalls()) {
      for (Asked asked = next(); asked != null; asked = next()) {
        answer(asked, reply, calls);
      }
    } catch (IOException e) {
      // The guest is gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(Asked asked, FuseReply reply, HostCalls calls) throws IOException {
    ByteBuffer answer = done(asked, reply, calls);
    Answers to = answers;
    if (answer != null && to != null) {
      to.send(asked.mount, answer);
    }
  }

  private @Nullable ByteBuffer done(Asked asked, FuseReply reply, HostCalls calls) {
    long began = System.nanoTime();
    FuseRequest request = asked.request;
    @Nullable ByteBuffer answer;
    try {
      answer = served.get(asked.mount).answer(request, reply, calls);
    } catch (RuntimeException e) {
      answer = reply.clear().finish(request.unique, -Fuse.EIO);
    }
    if (request.opcode >= 0 && request.opcode < Fuse.MOST_OPCODES) {
      counts.incrementAndGet(request.opcode);
      nanos.addAndGet(request.opcode, System.nanoTime() - began);
    }
    return answer;
  }

  /** One line about what was asked and how long it took. */
  public String summary() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Fuse.MOST_OPCODES; i++) {
      long count = counts.get(i);
      if (count > 0) {
        text.append(text.isEmpty() ? "" : ", ")
            .append(
                String.format(
                    Locale.ROOT, "%s %d of %.1f us", name(i), count, nanos.get(i) / 1e3 / count));
      }
    }
    return text.toString();
  }

  private static String name(int opcode) {
    return switch (opcode) {
      case Fuse.LOOKUP -> "lookup";
      case Fuse.FORGET, Fuse.BATCH_FORGET -> "forget";
      case Fuse.GETATTR -> "getattr";
      case Fuse.SETATTR -> "setattr";
      case Fuse.READLINK -> "readlink";
      case Fuse.OPEN -> "open";
      case Fuse.READ -> "read";
      case Fuse.WRITE -> "write";
      case Fuse.RELEASE -> "release";
      case Fuse.OPENDIR -> "opendir";
      case Fuse.READDIR, Fuse.READDIRPLUS -> "readdir";
      case Fuse.CREATE -> "create";
      default -> "request " + opcode;
    };
  }

  @Override
  public void close() {
    List<Thread> all;
    synchronized (this) {
      closed = true;
      notifyAll();
      all = List.copyOf(threads);
      ends.forEach(Runnable::run);
    }
    boolean ended = true;
    for (Thread thread : all) {
      try {
        thread.join(1000);
        ended &= !thread.isAlive();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    // One that is in a call still uses a descriptor; this process ends soon.
    if (ended) {
      served.forEach(mount -> mount.close(opening()));
    }
  }
}
