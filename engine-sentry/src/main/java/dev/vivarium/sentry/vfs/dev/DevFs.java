package dev.vivarium.sentry.vfs.dev;

import dev.vivarium.sentry.tty.DeviceInode;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.StaticSymlink;

/** /dev: the devices every program expects, and places to mount devpts, shm and mqueue on. */
public final class DevFs extends FileSystem {
  private final StaticDirectory root;
  private long lastIno = 1;

  /**
   * @param console whether there is a terminal for /dev/console
   */
  public DevFs(long dev, boolean console) {
    super(dev);
    root = new StaticDirectory(this, 1, 0755);
    device("null", 0666, Devices.NULL);
    device("zero", 0666, Devices.ZERO);
    device("full", 0666, Devices.FULL);
    device("random", 0666, Devices.RANDOM);
    device("urandom", 0666, Devices.URANDOM);
    device("tty", 0666, Devices.TTY);
    if (console) {
      device("console", 0620, Devices.CONSOLE);
    }
    link("ptmx", "pts/ptmx");
    link("fd", "/proc/self/fd");
    link("stdin", "/proc/self/fd/0");
    link("stdout", "/proc/self/fd/1");
    link("stderr", "/proc/self/fd/2");
    link("core", "/proc/kcore");
    root.add("pts", new StaticDirectory(this, ++lastIno, 0755));
    root.add("shm", new StaticDirectory(this, ++lastIno, 01777));
    root.add("mqueue", new StaticDirectory(this, ++lastIno, 0755));
  }

  private void device(String name, int permissions, long number) {
    root.add(name, new DeviceInode(this, ++lastIno, permissions, number));
  }

  private void link(String name, String target) {
    root.add(name, new StaticSymlink(this, ++lastIno, target));
  }

  @Override
  public String typeName() {
    return "tmpfs";
  }

  @Override
  public long magic() {
    return 0x01021994;
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public String showOptions() {
    return ",size=65536k,mode=755";
  }
}
