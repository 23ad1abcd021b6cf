package dev.vivarium.sentry.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Starts gofers for tests and speaks to them request by request. */
final class GoferTesting {
  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;

  private GoferTesting() {}

  static GoferClient host() throws GoferException {
    return start(new GoferRoot.Host());
  }

  static GoferClient bind(Path path, boolean writable) throws GoferException {
    return start(new GoferRoot.Bind(path.toAbsolutePath(), writable));
  }

  static GoferClient start(GoferRoot... roots) throws GoferException {
    return GoferClient.start(List.of(roots), Duration.ofSeconds(20), line -> {});
  }

  static Request request(int op, int handle, String path) {
    Request q = new Request(op);
    q.handle = handle;
    q.name = path;
    return q;
  }

  static Reply walk(GoferClient c, int handle, String path) {
    return c.call(request(Wire.WALK, handle, path));
  }

  /** A handle for a directory. */
  static int handle(GoferClient c, int from, String path) {
    Request q = request(Wire.WALK, from, path);
    q.flags = Wire.WALK_HANDLE;
    Reply r = c.call(q);
    assertEquals("OK", name(r.error()), path);
    return r.handle();
  }

  static Reply open(GoferClient c, int handle, String path, int flags) {
    Request q = request(Wire.OPEN, handle, path);
    q.flags = flags;
    return c.call(q);
  }

  /** The first bytes of a file, or the name of the error that opening it gives. */
  static String read(GoferClient c, int handle, String path) {
    Reply r = open(c, handle, path, O_RDONLY);
    return r.error() != 0 ? name(r.error()) : readAndClose(r.fd());
  }

  static String readAndClose(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(4096);
      long n = Libc.pread(fd, buffer.address(), 4096, 0);
      return n < 0
          ? name((int) n)
          : new String(buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    } finally {
      Libc.close(fd);
    }
  }

  static List<String> list(GoferClient c, int handle, String path) {
    DirListing all = new DirListing(16);
    List<String> names = new ArrayList<>();
    long cookie = 0;
    do {
      Request q = request(Wire.READDIR, handle, path);
      q.offset = cookie;
      Reply r = c.call(q);
      assertEquals("OK", name(r.error()), path);
      assertEquals(r.payload().length, all.add(r.payload(), 0, r.payload().length, r.count()));
      cookie = r.value();
    } while (cookie != 0);
    for (int i = 0; i < all.count(); i++) {
      names.add(all.name(i));
    }
    return names;
  }

  static String name(int error) {
    return error == 0 ? "OK" : Errno.name(-error);
  }
}
