package dev.vivarium.microvm.agent;

import dev.vivarium.microvm.files.FileServer;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The connection to one guest's agent. Methods may be called from any thread. */
public final class AgentConnection implements Closeable {
  /** How many mounts of host files a guest may have. */
  public static final int MAX_MOUNTS = AgentProtocol.MAX_MOUNTS;

  /** How many requests for host files an agent lets wait. */
  public static final int MAX_FILE_REQUESTS = AgentProtocol.MAX_FILE_REQUESTS;

  /** The agent's port where it has vsock; then that of host files, and the network's. */
  public static final int FIRST_VSOCK_PORT = AgentProtocol.FIRST_VSOCK_PORT;

  private static final int MAX_TEXT = 4096;
  private static final int MAX_CALLS = 512;
  private static final int ENTROPY = 64;

  private final SocketChannel channel;
  private final Object writing = new Object();
  private final Map<Integer, GuestProcess> processes = new HashMap<>();
  private final CompletableFuture<String> welcome = new CompletableFuture<>();
  private final CompletableFuture<Void> configured = new CompletableFuture<>();
  private final CompletableFuture<IOException> lost = new CompletableFuture<>();
  private CompletableFuture<GuestStatistics> statistics = new CompletableFuture<>();
  private final CompletableFuture<Integer> watched = new CompletableFuture<>();
  private CompletableFuture<Integer> streamed = CompletableFuture.completedFuture(0);
  private final CallStream stream = new CallStream();
  private volatile @Nullable GuestCalls listener;

  /** What has come of the next statistics; of the receiving thread alone. */
  private List<CallCount> calls = new ArrayList<>();

  private int lastProcess;

  private AgentConnection(SocketChannel channel) {
    this.channel = channel;
  }

  /**
   * Says hello to an agent that may still be booting, and begins to read what it says.
   *
   * @param channel to the virtio-serial port; closed with the connection
   */
  public static AgentConnection open(SocketChannel channel) throws IOException {
    AgentConnection connection = new AgentConnection(channel);
    connection.send(
        new FrameWriter()
            .u32(AgentProtocol.AGENT_VERSION)
            .u32(AgentProtocol.AGENT_VERSION)
            .frame(AgentProtocol.HELLO, 0));
    Thread thread = new Thread(null, connection::receive, "agent", 256 << 10);
    thread.setDaemon(true);
    thread.start();
    return connection;
  }

  /**
   * Waits until the agent answers.
   *
   * @return the release of the guest's kernel, as uname(2) says it there: untrusted
   * @throws AgentException if it does not in time, or speaks another version
   */
  public String awaitWelcome(Duration patience) throws IOException, InterruptedException {
    return await(welcome, patience, "the agent in the guest does not answer");
  }

  /**
   * A guest's network.
   *
   * @param version6 whether there is a way for IPv6
   * @param ports of the guest, published on the host, as the gofer numbers them
   */
  public record Network(boolean on, boolean version6, List<Integer> ports) {
    public static final Network NONE = new Network(false, false, List.of());

    public Network {
      ports = List.copyOf(ports);
    }
  }

  /**
   * Gives the guest its identity and its root, and waits until both are in place.
   *
   * @param disks how many layers are attached, serial numbers layer0 (lowest) and up
   * @param scratch whether there is a disk of the serial number scratch, for what is written
   * @param maxTasks how many tasks the command may have; 0 for no limit
   * @param mounts what the guest mounts of the host's files; a {@link FilesConnection} serves those
   *     that no device shows
   * @param network what the guest has of it; a network gofer serves it
   */
  public void configure(
      String hostName,
      int disks,
      boolean scratch,
      boolean readOnlyRoot,
      int maxTasks,
      List<FileServer.Mount> mounts,
      Network network,
      Duration patience)
      throws IOException, InterruptedException {
    byte[] entropy = new byte[ENTROPY];
    new SecureRandom().nextBytes(entropy);
    Instant now = Instant.now();
    FrameWriter request =
        new FrameWriter()
            .u64(now.getEpochSecond() * 1_000_000_000L + now.getNano())
            .bytes(entropy)
            .string(hostName)
            .u32(disks)
            .u8(
                (readOnlyRoot ? AgentProtocol.ROOT_READ_ONLY : 0)
                    | (scratch ? AgentProtocol.ROOT_SCRATCH : 0))
            .u32(maxTasks)
            .u32(mounts.size());
    for (FileServer.Mount mount : mounts) {
      request.string(mount.target()).u8(flags(mount)).u32(mount.mode());
    }
    request
        .u8(
            (network.on() ? AgentProtocol.NETWORK_ON : 0)
                | (network.version6() ? AgentProtocol.NETWORK_V6 : 0))
        .u32(network.ports().size());
    network.ports().forEach(request::u16);
    send(request.frame(AgentProtocol.CONFIGURE, 0));
    await(configured, patience, "the agent in the guest did not mount the root");
  }

  private static int flags(FileServer.Mount mount) {
    return (mount.writable() ? AgentProtocol.MOUNT_WRITABLE : 0)
        | (mount.byDevice() ? AgentProtocol.MOUNT_DEVICE : 0);
  }

  /** Starts a process. Its streams are given to {@link GuestProcess} before it can say anything. */
  public GuestProcess start(ProcessRequest request) throws IOException {
    int payload = 64 + request.user().length() * 3 + request.directory().length() * 3;
    for (String text : request.arguments()) {
      payload += 4 + text.length() * 3;
    }
    for (Map.Entry<String, String> entry : request.environment().entrySet()) {
      payload += 5 + (entry.getKey().length() + entry.getValue().length()) * 3;
    }
    if (payload > AgentProtocol.MAX_PAYLOAD) {
      throw new AgentException(
          "the command and its environment are too long: about "
              + payload
              + " bytes; at most "
              + AgentProtocol.MAX_PAYLOAD);
    }
    GuestProcess process;
    synchronized (this) {
      process = new GuestProcess(this, ++lastProcess, request);
      processes.put(process.id(), process);
    }
    send(
        new FrameWriter()
            .u8(request.terminal() ? 1 : 0)
            .u8(request.input() ? 1 : 0)
            .u16(request.rows())
            .u16(request.columns())
            .string(request.user())
            .string(request.directory())
            .list(request.arguments())
            .list(
                request.environment().entrySet().stream()
                    .map(e -> e.getKey() + "=" + e.getValue())
                    .toList())
            .frame(AgentProtocol.START, process.id()));
    lost.thenAccept(process::lost);
    return process;
  }

  /** Asks what the guest uses; completes when the agent answers. */
  public CompletableFuture<GuestStatistics> statistics() throws IOException {
    CompletableFuture<GuestStatistics> answer;
    synchronized (this) {
      if (statistics.isDone()) {
        statistics = new CompletableFuture<>();
      }
      answer = statistics;
    }
    send(new FrameWriter().frame(AgentProtocol.QUERY, 0));
    return answer;
  }

  /**
   * Has the guest's kernel count system calls from now on.
   *
   * @return completes with 0, or the errno that says why it cannot
   */
  public CompletableFuture<Integer> watchCalls() throws IOException {
    send(new FrameWriter().frame(AgentProtocol.WATCH, 0));
    return watched;
  }

  /**
   * Has the guest's kernel tell of every system call from now on, or no longer.
   *
   * @param to who is told, on a thread of this connection's; null for nobody
   * @return completes with 0, or the errno that says why it cannot
   */
  public CompletableFuture<Integer> streamCalls(@Nullable GuestCalls to) throws IOException {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    synchronized (this) {
      streamed = answer;
    }
    listener = to;
    send(new FrameWriter().u8(to == null ? 0 : 1).frame(AgentProtocol.STREAM, 0));
    return answer;
  }

  /** Completes with the reason when the agent is lost. */
  public CompletableFuture<IOException> lost() {
    return lost;
  }

  private <T> T await(CompletableFuture<T> future, Duration patience, String otherwise)
      throws IOException, InterruptedException {
    try {
      return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new AgentException(otherwise + " within " + patience.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw new AgentException(String.valueOf(e.getCause().getMessage()));
    }
  }

  /** Sends one frame; frames of several threads do not mix. */
  void send(ByteBuffer frame) throws IOException {
    synchronized (writing) {
      while (frame.hasRemaining()) {
        channel.write(frame);
      }
    }
  }

  private void receive() {
    FrameReader frame = new FrameReader(channel);
    IOException reason;
    try {
      while (true) {
        frame.next();
        received(frame);
      }
    } catch (IOException e) {
      reason = e;
    } catch (RuntimeException e) {
      reason = new AgentException("the agent sent what cannot be understood: " + e);
    }
    welcome.completeExceptionally(reason);
    configured.completeExceptionally(reason);
    watched.completeExceptionally(reason);
    synchronized (this) {
      statistics.completeExceptionally(reason);
      streamed.completeExceptionally(reason);
    }
    lost.complete(reason);
  }

  private void received(FrameReader frame) throws IOException {
    switch (frame.type()) {
      case AgentProtocol.WELCOME -> {
        if (frame.u32() != AgentProtocol.AGENT_VERSION) {
          throw new AgentException("the agent speaks another version");
        }
        welcome.complete(frame.string(MAX_TEXT));
      }
      case AgentProtocol.CONFIGURED -> configured.complete(null);
      case AgentProtocol.FAILED ->
          throw new AgentException("the agent in the guest gave up: " + frame.string(MAX_TEXT));
      case AgentProtocol.WATCHED -> watched.complete(frame.u32());
      case AgentProtocol.STREAMED -> {
        stream.restart();
        CompletableFuture<Integer> asked;
        synchronized (this) {
          asked = streamed;
        }
        asked.complete(frame.u32());
      }
      case AgentProtocol.EVENTS -> {
        GuestCalls to = listener;
        if (to != null) {
          stream.read(frame, to);
        }
      }
      case AgentProtocol.CALLS -> {
        if (calls.size() >= MAX_CALLS) {
          throw new AgentException("the agent counted more system calls than there are");
        }
        calls.add(CallCount.read(frame));
      }
      case AgentProtocol.STATISTICS -> {
        GuestStatistics now =
            new GuestStatistics(
                frame.u64(), frame.u64(), frame.u64(), frame.u32(), frame.u64(), calls);
        calls = new ArrayList<>();
        CompletableFuture<GuestStatistics> asked;
        synchronized (this) {
          asked = statistics;
        }
        asked.complete(now);
      }
      default -> {
        GuestProcess process;
        synchronized (this) {
          process = processes.get(frame.process());
        }
        // One that could not be started may still have streams to end.
        if (process != null) {
          process.received(frame);
        }
      }
    }
  }

  /** A process is over; nothing more comes of it. */
  synchronized void forget(int id) {
    processes.remove(id);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
