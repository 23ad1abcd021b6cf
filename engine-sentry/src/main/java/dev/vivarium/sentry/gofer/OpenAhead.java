package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Stat;

/**
 * Files of one directory that are opened with the same request as another one: asking the gofer
 * costs more than opening.
 *
 * @param names separated by slashes, as the request has them
 * @param next the file behind them in the listing
 */
record OpenAhead(String names, int next) {
  static final OpenAhead NOTHING = new OpenAhead("", -1);

  /** The first file from an index of a listing on that everybody may read; or the end. */
  static int nextFile(DirListing listing, int from) {
    int i = from;
    while (i < listing.count() && !mayOpen(listing.mode(i))) {
      i++;
    }
    return i;
  }

  private static boolean mayOpen(int mode) {
    return (mode & (Stat.S_IFMT | Stat.S_IROTH)) == (Stat.S_IFREG | Stat.S_IROTH);
  }

  /** The files behind one, at most so many. */
  static OpenAhead after(DirListing listing, int index, int count) {
    StringBuilder names = new StringBuilder();
    int i = nextFile(listing, index + 1);
    for (int n = 0; n < count && i < listing.count(); n++) {
      String name = listing.name(i);
      if (names.length() + 1 + name.length() > Wire.MAX_PATH) {
        break;
      }
      if (n > 0) {
        names.append('/');
      }
      names.append(name);
      i = nextFile(listing, i + 1);
    }
    return new OpenAhead(names.toString(), i);
  }

  /** Gives the descriptors that came with a reply to the files that they are of. */
  void take(GoferFs gofer, GoferDirectory directory, Reply reply) {
    byte[] payload = reply.payload();
    int[] fds = reply.more();
    int used = 0;
    int from = 0;
    for (int i = 0; i < reply.count() && from < names.length() && used < fds.length; i++) {
      int at = i * Wire.AHEAD_SIZE;
      if (payload.length - at < Wire.AHEAD_SIZE) {
        break;
      }
      int end = names.indexOf('/', from);
      String name = end < 0 ? names.substring(from) : names.substring(from, end);
      from = end < 0 ? names.length() : end + 1;
      if (Fields.getInt(payload, at + Wire.AHEAD_ERROR) != 0) {
        continue;
      }
      int fd = fds[used++];
      Attributes node = Attributes.read(payload, at + Wire.AHEAD_NODE);
      if ((node.mode() & Stat.S_IFMT) == Stat.S_IFREG
          && gofer.inode(node, directory, name, "") instanceof GoferInode inode) {
        inode.adoptAhead(fd);
      } else {
        GoferFs.closeDescriptor(fd);
      }
    }
    while (used < fds.length) {
      GoferFs.closeDescriptor(fds[used++]);
    }
  }
}
