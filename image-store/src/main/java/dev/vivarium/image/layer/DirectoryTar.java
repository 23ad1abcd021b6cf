package dev.vivarium.image.layer;

import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A directory of the host as a layer's tar: in the order of the names, owners as numbers, hard
 * links kept, symbolic links not followed. Sockets are left out; of extended attributes only {@code
 * user.} ones are seen.
 */
public final class DirectoryTar {
  private final LayerTarWriter out;
  private final Map<String, String> links = new HashMap<>();

  private DirectoryTar(LayerTarWriter out) {
    this.out = out;
  }

  public static void write(Path directory, OutputStream tar) throws IOException {
    LayerTarWriter writer = new LayerTarWriter(tar);
    new DirectoryTar(writer).tree(directory);
    writer.end();
  }

  private record Step(Path path, String name) {}

  private void tree(Path directory) throws IOException {
    ArrayDeque<Step> todo = new ArrayDeque<>();
    todo.push(new Step(directory, "./"));
    while (!todo.isEmpty()) {
      Step step = todo.pop();
      if (!entry(step.path, step.name)) {
        continue;
      }
      List<Step> children = new ArrayList<>();
      String prefix = step.name.endsWith("/") ? step.name : step.name + "/";
      try (DirectoryStream<Path> paths = Files.newDirectoryStream(step.path)) {
        for (Path path : paths) {
          children.add(new Step(path, prefix + name(path.getFileName())));
        }
      }
      children.sort(Comparator.comparing(Step::name).reversed());
      children.forEach(todo::push);
    }
  }

  /** Writes one entry; whether it is a directory to go into. */
  private boolean entry(Path path, String name) throws IOException {
    Map<String, Object> stat =
        Files.readAttributes(
            path,
            "unix:mode,uid,gid,ino,dev,rdev,nlink,size,lastModifiedTime",
            LinkOption.NOFOLLOW_LINKS);
    int mode = (Integer) stat.get("mode");
    char type =
        switch (mode & 0170000) {
          case 0040000 -> TarEntry.TYPE_DIRECTORY;
          case 0100000 -> TarEntry.TYPE_FILE;
          case 0120000 -> TarEntry.TYPE_SYMLINK;
          case 0020000 -> TarEntry.TYPE_CHAR_DEVICE;
          case 0060000 -> TarEntry.TYPE_BLOCK_DEVICE;
          case 0010000 -> TarEntry.TYPE_FIFO;
          default -> '\0';
        };
    if (type == '\0') {
      return false;
    }
    String link = type == TarEntry.TYPE_SYMLINK ? name(Files.readSymbolicLink(path)) : "";
    if (type != TarEntry.TYPE_DIRECTORY && (Integer) stat.get("nlink") > 1) {
      String first = links.putIfAbsent(stat.get("dev") + ":" + stat.get("ino"), name);
      if (first != null) {
        type = TarEntry.TYPE_HARD_LINK;
        link = first;
      }
    }
    boolean directory = type == TarEntry.TYPE_DIRECTORY;
    boolean file = type == TarEntry.TYPE_FILE;
    long device = (Long) stat.get("rdev");
    FileTime time = (FileTime) stat.get("lastModifiedTime");
    TarEntry entry =
        new TarEntry(
            directory && !name.endsWith("/") ? name + "/" : name,
            type,
            mode & 07777,
            (Integer) stat.get("uid"),
            (Integer) stat.get("gid"),
            file ? (Long) stat.get("size") : 0,
            time.toInstant().getEpochSecond(),
            time.toInstant().getNano(),
            link,
            (int) (device >>> 8 & 0xfff),
            (int) (device & 0xff | device >>> 12 & 0xfff00),
            file || directory ? xattrs(path) : Map.of());
    if (file) {
      try (InputStream content = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
        out.entry(entry, content);
      }
    } else {
      out.entry(entry);
    }
    return directory;
  }

  private static Map<String, byte[]> xattrs(Path path) throws IOException {
    UserDefinedFileAttributeView view =
        Files.getFileAttributeView(
            path, UserDefinedFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    Map<String, byte[]> xattrs = new TreeMap<>();
    if (view == null) {
      return xattrs;
    }
    for (String name : view.list()) {
      ByteBuffer value = ByteBuffer.allocate(view.size(name));
      view.read(name, value);
      xattrs.put("user." + name, value.array());
    }
    return xattrs;
  }

  /** A path's bytes, one per char. */
  private static String name(Path path) {
    String encoding = System.getProperty("sun.jnu.encoding", "UTF-8");
    String text = path.toString();
    boolean ascii = text.chars().allMatch(c -> c < 0x80);
    return ascii
        ? text
        : new String(
            text.getBytes(java.nio.charset.Charset.forName(encoding)), StandardCharsets.ISO_8859_1);
  }
}
