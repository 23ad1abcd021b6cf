package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import java.nio.charset.StandardCharsets;

/** What sockets are asked about network interfaces (netdevice(7)): there is lo alone. */
final class InterfaceIoctls {
  private static final int IFREQ_SIZE = 40;
  private static final int NAME_SIZE = 16;
  private static final int UP_LOOPBACK_RUNNING = 0x49;
  private static final int MTU = 65536;
  private static final int ARPHRD_LOOPBACK = 772;

  private InterfaceIoctls() {}

  static long ioctl(Task t, int command, long argument) {
    if (command == Ioctls.SIOCGIFCONF) {
      return list(t, argument);
    }
    switch (command) {
      case Ioctls.SIOCGIFNAME,
          Ioctls.SIOCGIFFLAGS,
          Ioctls.SIOCGIFADDR,
          Ioctls.SIOCGIFNETMASK,
          Ioctls.SIOCGIFBRDADDR,
          Ioctls.SIOCGIFMTU,
          Ioctls.SIOCGIFHWADDR,
          Ioctls.SIOCGIFINDEX,
          Ioctls.SIOCGIFTXQLEN,
          Ioctls.SIOCGIFMETRIC -> {}
      default -> {
        return -Errno.ENOTTY;
      }
    }
    byte[] request = new byte[IFREQ_SIZE];
    if (t.mm.copyIn(argument, request, 0, IFREQ_SIZE) < 0) {
      return -Errno.EFAULT;
    }
    if (command == Ioctls.SIOCGIFNAME) {
      if (Bytes.getInt(request, NAME_SIZE) != 1) {
        return -Errno.ENODEV;
      }
      name(request, 0);
    } else {
      String name = new String(request, 0, NAME_SIZE, StandardCharsets.ISO_8859_1);
      if (!name.startsWith("lo\0")) {
        return -Errno.ENODEV;
      }
      java.util.Arrays.fill(request, NAME_SIZE, IFREQ_SIZE, (byte) 0);
      switch (command) {
        case Ioctls.SIOCGIFFLAGS -> Bytes.putShort(request, NAME_SIZE, UP_LOOPBACK_RUNNING);
        case Ioctls.SIOCGIFADDR -> address(request, NAME_SIZE, 127, 0, 0, 1);
        case Ioctls.SIOCGIFNETMASK -> address(request, NAME_SIZE, 255, 0, 0, 0);
        case Ioctls.SIOCGIFBRDADDR -> address(request, NAME_SIZE, 0, 0, 0, 0);
        case Ioctls.SIOCGIFMTU -> Bytes.putInt(request, NAME_SIZE, MTU);
        case Ioctls.SIOCGIFHWADDR -> Bytes.putShort(request, NAME_SIZE, ARPHRD_LOOPBACK);
        case Ioctls.SIOCGIFINDEX -> Bytes.putInt(request, NAME_SIZE, 1);
        case Ioctls.SIOCGIFTXQLEN -> Bytes.putInt(request, NAME_SIZE, 1000);
        default -> {}
      }
    }
    return t.mm.copyOut(argument, request, 0, IFREQ_SIZE);
  }

  private static void name(byte[] b, int at) {
    java.util.Arrays.fill(b, at, at + NAME_SIZE, (byte) 0);
    b[at] = 'l';
    b[at + 1] = 'o';
  }

  private static void address(byte[] b, int at, int... quad) {
    Bytes.putShort(b, at, Sockets.AF_INET);
    for (int i = 0; i < 4; i++) {
      b[at + 4 + i] = (byte) quad[i];
    }
  }

  private static long list(Task t, long argument) {
    int room = t.mm.readInt(argument);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    long buffer = t.mm.readLong(argument + 8);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (buffer == 0) {
      return t.mm.writeInt(argument, IFREQ_SIZE);
    }
    if (room < IFREQ_SIZE) {
      return t.mm.writeInt(argument, 0);
    }
    byte[] entry = new byte[IFREQ_SIZE];
    name(entry, 0);
    address(entry, NAME_SIZE, 127, 0, 0, 1);
    long r = t.mm.copyOut(buffer, entry, 0, IFREQ_SIZE);
    return r < 0 ? r : t.mm.writeInt(argument, IFREQ_SIZE);
  }
}
