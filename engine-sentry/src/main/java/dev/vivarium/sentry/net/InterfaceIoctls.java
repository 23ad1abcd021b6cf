package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import java.nio.charset.StandardCharsets;

/**
 * What sockets are asked about network interfaces (netdevice(7)): lo, and eth0 where there is a
 * network.
 */
final class InterfaceIoctls {
  private static final int IFREQ_SIZE = 40;
  private static final int NAME_SIZE = 16;
  private static final int UP_LOOPBACK_RUNNING = 0x49;
  private static final int MTU = 65536;
  static final int ETH_MTU = 1500;
  static final byte[] ETH_HARDWARE = {2, 'v', 'i', 'v', 0, 2}; // a locally given address
  private static final int UP_BROADCAST_RUNNING = 0x1043;
  private static final int ARPHRD_ETHER = 1;
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
    boolean hasEth = t.kernel().network().outside() != null;
    if (command == Ioctls.SIOCGIFNAME) {
      int index = Bytes.getInt(request, NAME_SIZE);
      if (index != 1 && !(index == 2 && hasEth)) {
        return -Errno.ENODEV;
      }
      name(request, 0, index == 2);
    } else {
      String name = new String(request, 0, NAME_SIZE, StandardCharsets.ISO_8859_1);
      boolean eth = hasEth && name.startsWith("eth0\0");
      if (!eth && !name.startsWith("lo\0")) {
        return -Errno.ENODEV;
      }
      java.util.Arrays.fill(request, NAME_SIZE, IFREQ_SIZE, (byte) 0);
      switch (command) {
        case Ioctls.SIOCGIFFLAGS ->
            Bytes.putShort(request, NAME_SIZE, eth ? UP_BROADCAST_RUNNING : UP_LOOPBACK_RUNNING);
        case Ioctls.SIOCGIFADDR -> {
          if (eth) {
            address(request, NAME_SIZE, 10, 86, 0, 2);
          } else {
            address(request, NAME_SIZE, 127, 0, 0, 1);
          }
        }
        case Ioctls.SIOCGIFNETMASK ->
            address(request, NAME_SIZE, 255, eth ? 255 : 0, eth ? 255 : 0, 0);
        case Ioctls.SIOCGIFBRDADDR -> {
          if (eth) {
            address(request, NAME_SIZE, 10, 86, 0, 255);
          } else {
            address(request, NAME_SIZE, 0, 0, 0, 0);
          }
        }
        case Ioctls.SIOCGIFMTU -> Bytes.putInt(request, NAME_SIZE, eth ? ETH_MTU : MTU);
        case Ioctls.SIOCGIFHWADDR -> {
          Bytes.putShort(request, NAME_SIZE, eth ? ARPHRD_ETHER : ARPHRD_LOOPBACK);
          if (eth) {
            System.arraycopy(ETH_HARDWARE, 0, request, NAME_SIZE + 2, ETH_HARDWARE.length);
          }
        }
        case Ioctls.SIOCGIFINDEX -> Bytes.putInt(request, NAME_SIZE, eth ? 2 : 1);
        case Ioctls.SIOCGIFTXQLEN -> Bytes.putInt(request, NAME_SIZE, 1000);
        default -> {}
      }
    }
    return t.mm.copyOut(argument, request, 0, IFREQ_SIZE);
  }

  private static void name(byte[] b, int at, boolean eth) {
    java.util.Arrays.fill(b, at, at + NAME_SIZE, (byte) 0);
    byte[] name = (eth ? "eth0" : "lo").getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(name, 0, b, at, name.length);
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
    int count = t.kernel().network().outside() != null ? 2 : 1;
    if (buffer == 0) {
      return t.mm.writeInt(argument, count * IFREQ_SIZE);
    }
    count = Math.min(count, Math.max(room, 0) / IFREQ_SIZE);
    byte[] entries = new byte[count * IFREQ_SIZE];
    for (int i = 0; i < count; i++) {
      name(entries, i * IFREQ_SIZE, i == 1);
      if (i == 1) {
        address(entries, i * IFREQ_SIZE + NAME_SIZE, 10, 86, 0, 2);
      } else {
        address(entries, NAME_SIZE, 127, 0, 0, 1);
      }
    }
    long r = count == 0 ? 0 : t.mm.copyOut(buffer, entries, 0, entries.length);
    return r < 0 ? r : t.mm.writeInt(argument, entries.length);
  }
}
