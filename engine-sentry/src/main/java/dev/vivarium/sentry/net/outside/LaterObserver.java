package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.kernel.KernelLoop;
import java.util.ArrayDeque;

/**
 * Tells of connections when the guests that have them leave time for it, so that they need not wait
 * for that. What is refused, and all else, is told at once, in its order. On the kernel thread.
 */
final class LaterObserver implements Outside.Observer {
  private static final int MOST = 64;

  private final Outside.Observer told;
  private final KernelLoop loop;
  private final ArrayDeque<Runnable> later = new ArrayDeque<>();

  LaterObserver(Outside.Observer told, KernelLoop loop) {
    this.told = told;
    this.loop = loop;
  }

  private void later(Runnable what) {
    if (later.isEmpty()) {
      loop.putOff(this::tell);
    }
    later.add(what);
    if (later.size() > MOST) {
      tell();
    }
  }

  private void tell() {
    for (Runnable what = later.poll(); what != null; what = later.poll()) {
      what.run();
    }
  }

  @Override
  public void opened(
      int pid,
      boolean stream,
      byte[] address,
      int port,
      int error,
      int rule,
      int kind,
      String name,
      long durationNanos) {
    later(() -> told.opened(pid, stream, address, port, error, rule, kind, name, durationNanos));
    if (error != 0) {
      tell();
    }
  }

  @Override
  public void connected(byte[] address, int port, long durationNanos) {
    later(() -> told.connected(address, port, durationNanos));
  }

  @Override
  public void refused(int pid, String protocol, byte[] address) {
    tell();
    told.refused(pid, protocol, address);
  }

  @Override
  public void resolved(String name, int type, int error, int rule, int kind, byte[] address) {
    tell();
    told.resolved(name, type, error, rule, kind, address);
  }

  @Override
  public void asked(
      int number, int pid, String protocol, byte[] address, int port, int kind, String name) {
    tell();
    told.asked(number, pid, protocol, address, port, kind, name);
  }

  @Override
  public void accepted(int port, byte[] address, int peerPort) {
    later(() -> told.accepted(port, address, peerPort));
  }

  @Override
  public void closed(boolean stream, byte[] address, int port, long sent, long received) {
    later(() -> told.closed(stream, address, port, sent, received));
  }
}
