package dev.vivarium.microvm.vhost;

import dev.vivarium.microvm.files.FileServer;
import dev.vivarium.microvm.host.DeviceCalls;
import dev.vivarium.microvm.vmm.MachineSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The file system devices of a machine, one for each directory that it is shown; each waits at a
 * socket for the machine's monitor, and serves it on a thread of its own until it hangs up.
 */
public final class FileDevices {
  private static final int STACK = 512 << 10;

  private FileDevices() {}

  /**
   * Makes them. The monitor may be started then.
   *
   * @param files which mounts there are; it is told which of them devices show, and ends them
   * @param directory for the sockets; only its owner can look into it
   * @param log gets a line if a device comes to a bad end
   * @return what the machine must have
   */
  public static List<MachineSpec.Share> open(FileServer files, Path directory, Consumer<String> log)
      throws IOException {
    List<MachineSpec.Share> shares = new ArrayList<>();
    List<FileServer.Mount> mounts = files.mounts();
    for (int i = 0; i < mounts.size(); i++) {
      // A file system's root is a directory: a single file comes through the channel.
      if (mounts.get(i).isDirectory()) {
        Device device = new Device(i, mounts.get(i).target(), directory, log);
        device.start(files);
        shares.add(device.share);
      }
    }
    return shares;
  }

  private static final class Device {
    private final int number;
    private final String name;
    private final Consumer<String> log;
    private final MachineSpec.Share share;
    private final int listener;

    /** The connection, or where it is waited for; negative when the device is gone. */
    private int socket;

    Device(int number, String target, Path directory, Consumer<String> log) throws IOException {
      this.number = number;
      this.name = target.isEmpty() ? "/" : target;
      this.log = log;
      share = new MachineSpec.Share("files" + number, directory.resolve("files" + number + ".vu"));
      Files.deleteIfExists(share.socket());
      try (DeviceCalls calls = new DeviceCalls()) {
        listener = calls.listen(share.socket());
      }
      if (listener < 0) {
        throw new IOException("cannot listen at " + share.socket() + ": error " + -listener);
      }
      socket = listener;
    }

    void start(FileServer files) {
      Thread thread = new Thread(null, () -> run(files), "files-device-" + number, STACK);
      thread.setDaemon(true);
      files.serveByDevice(number, thread, this::hangUp);
      thread.start();
    }

    private synchronized void hangUp() {
      if (socket >= 0) {
        try (DeviceCalls calls = new DeviceCalls()) {
          calls.hangUp(socket);
        }
      }
    }

    private void run(FileServer files) {
      try (DeviceCalls calls = new DeviceCalls()) {
        int accepted = calls.accept(listener);
        synchronized (this) {
          calls.close(listener);
          socket = accepted;
        }
        if (accepted >= 0) {
          serve(files, calls, accepted);
        }
      } catch (InternalError e) {
        // A page of the guest's memory is not there any more, wherever that was noticed.
        failed("the guest's memory was cut off");
      }
    }

    private void serve(FileServer files, DeviceCalls calls, int accepted) {
      try (FileServer.Ear ear = files.new Ear()) {
        VhostSession session =
            new VhostSession(calls, accepted, request -> ear.answer(number, request));
        try {
          session.run();
        } catch (IOException e) {
          failed(String.valueOf(e.getMessage()));
        } finally {
          synchronized (this) {
            socket = -1;
            session.close();
          }
        }
      }
    }

    private void failed(String why) {
      log.accept("the device with the host's files at " + name + " has failed: " + why);
    }
  }
}
