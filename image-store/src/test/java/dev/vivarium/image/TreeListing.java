package dev.vivarium.image;

import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Every file of a tree as one line: path, type and mode, owner, time, size, device, link target,
 * attributes, digest of the content, and the first path of those that are hard links of it.
 */
public final class TreeListing {
  private static final String SCRIPT =
      """
      import base64, hashlib, os, stat, sys
      root = os.fsencode(sys.argv[1]); first = {}; out = sys.stdout.buffer
      def visit(path, shown):
          try: st = os.lstat(path)
          except FileNotFoundError: return # overlayfs lists whiteouts where nothing is merged
          kind = stat.S_IFMT(st.st_mode); link = b''; digest = b''
          if kind == stat.S_IFLNK: link = os.readlink(path)
          if kind == stat.S_IFREG: digest = b'sha256:' + hashlib.sha256(open(path, 'rb').read()).hexdigest().encode()
          device = st.st_rdev if kind in (stat.S_IFCHR, stat.S_IFBLK) else 0
          size = 0 if kind == stat.S_IFDIR else st.st_size
          xattrs = b','.join(sorted(n.encode('utf-8', 'surrogateescape') + b'=' + base64.b64encode(os.getxattr(path, n, follow_symlinks=False)) for n in os.listxattr(path, follow_symlinks=False)))
          same = shown if kind == stat.S_IFDIR else first.setdefault((st.st_dev, st.st_ino), shown)
          out.write(b'\\t'.join([shown, b'%o' % st.st_mode, b'%d:%d' % (st.st_uid, st.st_gid), b'%d' % st.st_mtime_ns, b'%d' % size, b'%d' % device, link, xattrs, digest, same]) + b'\\0')
          if kind == stat.S_IFDIR:
              for name in sorted(os.listdir(path)): visit(path + b'/' + name, shown + b'/' + name)
      sys.setrecursionlimit(10000)
      visit(root, b'')
      """;

  private TreeListing() {}

  /** The tree as the host's kernel shows it, by path. */
  public static Map<String, String> ofHost(Path root) throws IOException, InterruptedException {
    Map<String, String> lines = new TreeMap<>();
    for (String line : HostTools.run("python3", "-c", SCRIPT, root.toString()).split("\0")) {
      lines.put(line.substring(0, line.indexOf('\t')), line);
    }
    return lines;
  }

  /** The tree as a view shows it, by path. */
  public static Map<String, String> of(RootView view) throws IOException {
    Map<String, String> lines = new TreeMap<>();
    List<FileChannel> layers = new ArrayList<>();
    try {
      for (Path layer : view.layers()) {
        layers.add(FileChannel.open(layer, StandardOpenOption.READ));
      }
      visit(view.root(), "", new HashMap<>(), layers, lines);
    } finally {
      for (FileChannel layer : layers) {
        layer.close();
      }
    }
    return lines;
  }

  private static void visit(
      RootNode node,
      String path,
      Map<Long, String> first,
      List<FileChannel> layers,
      Map<String, String> lines)
      throws IOException {
    int kind = node.mode() & 0170000;
    boolean directory = kind == 0040000;
    List<String> xattrs = new ArrayList<>();
    node.xattrs()
        .forEach(
            (name, value) -> xattrs.add(name + "=" + Base64.getEncoder().encodeToString(value)));
    xattrs.sort(null);
    String same = directory ? path : first.computeIfAbsent(node.ino(), ino -> path);
    lines.put(
        path,
        String.join(
            "\t",
            path,
            Integer.toOctalString(node.mode()),
            Integer.toUnsignedString(node.uid()) + ":" + Integer.toUnsignedString(node.gid()),
            Long.toString(node.mtimeNanos()),
            directory ? "0" : Long.toString(node.size()),
            Long.toString(node.rdev()),
            kind == 0120000 ? node.readlink() : "",
            String.join(",", xattrs),
            kind == 0100000 ? Digests.of(read(node, layers)) : "",
            same));
    if (directory) {
      Map<String, RootNode> children = new TreeMap<>();
      node.readdir(children::put);
      for (Map.Entry<String, RootNode> child : children.entrySet()) {
        RootNode found = node.lookup(child.getKey());
        if (!child.getValue().equals(found)) {
          throw new AssertionError("readdir and lookup differ: " + path + "/" + child.getKey());
        }
        visit(child.getValue(), path + "/" + child.getKey(), first, layers, lines);
      }
    }
  }

  /** Fails with the first few lines that differ. */
  public static void assertSame(Map<String, String> expected, Map<String, String> actual) {
    TreeMap<String, String> all = new TreeMap<>(expected);
    all.putAll(actual);
    List<String> differences = new ArrayList<>();
    for (String path : all.keySet()) {
      String wanted = expected.get(path);
      String got = actual.get(path);
      if (!java.util.Objects.equals(wanted, got) && differences.size() < 10) {
        differences.add("expected " + shown(wanted) + "\n but was " + shown(got));
      }
    }
    if (!differences.isEmpty()) {
      throw new AssertionError(String.join("\n", differences));
    }
  }

  private static String shown(String line) {
    return line == null ? "nothing" : line.length() > 400 ? line.substring(0, 400) + "…" : line;
  }

  /** The content of a regular file. */
  public static byte[] read(RootNode node, List<FileChannel> layers) throws IOException {
    byte[] content = new byte[Math.toIntExact(node.size())];
    if (content.length > 0) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      long at = node.dataOffset();
      while (buffer.hasRemaining()) {
        at += layers.get(node.layer()).read(buffer, at);
      }
    }
    return content;
  }

  /** The content of the file at a path below the root, as text. */
  public static String text(RootView view, String path) throws IOException {
    RootNode node = view.root();
    for (String name : path.split("/")) {
      node = node.lookup(name);
      if (node == null) {
        throw new AssertionError("no " + path);
      }
    }
    try (FileChannel layer =
        FileChannel.open(view.layers().get(node.layer()), StandardOpenOption.READ)) {
      List<FileChannel> layers = new ArrayList<>();
      for (int i = 0; i <= node.layer(); i++) {
        layers.add(layer);
      }
      return new String(read(node, layers), StandardCharsets.UTF_8);
    }
  }

  /** Removes what is under a directory. */
  public static void deleteRecursively(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (var paths = Files.walk(root)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
