package dev.vivarium.sentry.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.vfs.tmpfs.Tmpfs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PathWalkerTest {
  private final VfsWorld w = VfsWorld.onTmpfs();

  @BeforeEach
  void tree() {
    w.mkdir("/d");
    w.mkdir("/d/e");
    w.write("/d/f", "text");
    w.symlink("e", "/d/link");
    w.symlink("/d/f", "/d/e/absolute");
    w.symlink("self", "/self");
    w.symlink("nowhere", "/dangling");
  }

  private long walk(String path, int flags) {
    return w.walk(path, flags, new WalkResult());
  }

  private VfsPath place(String path) {
    WalkResult out = new WalkResult();
    assertEquals(0, w.walk(path, PathWalker.FOLLOW, out), path);
    return out.path();
  }

  private long below(String path, int flags) {
    return PathWalker.walk(w.t, place("/d"), PathName.of(path), flags, new WalkResult());
  }

  @Test
  void componentsSlashesAndDotsAreResolved() {
    assertEquals(place("/d/f"), place("//d/./e/..///f"));
    assertEquals(place("/"), place("/../.."));
    assertEquals(-Errno.ENOENT, walk("", 0));
    assertEquals(-Errno.ENOTDIR, walk("/d/f/", 0));
    assertEquals(-Errno.ENOTDIR, walk("/d/f/..", 0));
    assertEquals(-Errno.ENOTDIR, walk("/d/f", PathWalker.DIRECTORY));
    assertEquals(-Errno.ENOENT, walk("/none/x", 0));
    assertEquals(-Errno.ENAMETOOLONG, walk("/" + "n".repeat(256), 0));
    assertEquals(-Errno.ENOENT, walk("/" + "n".repeat(255), 0));
  }

  @Test
  void whatFollowsALinkFollowsWhatItLeadsTo() {
    w.symlink("d/", "/to-d");
    w.symlink("to-d/e/..", "/through");
    w.symlink("/through/f", "/to-f");
    w.symlink("f/", "/d/slash");
    w.symlink("/", "/top");
    assertEquals(place("/d"), place("/through/"));
    assertEquals(place("/d/f"), place("/to-f"));
    assertEquals(place("/d/f"), place("/top/top//to-d/../through/f"));
    assertEquals(place("/"), place("/through/../top/"));
    assertEquals(-Errno.ENOTDIR, walk("/to-f/", 0));
    assertEquals(-Errno.ENOTDIR, walk("/to-d/slash", PathWalker.FOLLOW));
    assertEquals(0, walk("/to-d/slash", 0));
    assertEquals(-Errno.EISDIR, walk("/through/new/", PathWalker.FOLLOW | PathWalker.CREATE));
    assertEquals(0, walk("/through/new", PathWalker.FOLLOW | PathWalker.CREATE));
    // Each leads on to the next, with as much behind it as a path may have.
    String rest = "/.".repeat(2000);
    w.symlink("d", "/long0");
    for (int i = 1; i < 40; i++) {
      w.symlink("long" + (i - 1) + rest, "/long" + i);
    }
    assertEquals(place("/d"), place("/long39"));
    w.symlink("long39", "/too-many");
    assertEquals(-Errno.ELOOP, walk("/too-many/f", 0));
  }

  @Test
  void linksAreFollowedWhereLinuxFollowsThem() {
    assertEquals(place("/d/e"), place("/d/link"));
    WalkResult out = new WalkResult();
    assertEquals(0, w.walk("/d/link", 0, out));
    assertEquals(true, out.inode().isSymlink());
    assertEquals(0, w.walk("/d/link/", 0, out));
    assertEquals(true, out.inode().isDirectory());
    assertEquals(place("/d/f"), place("/d/link/absolute"));
    assertEquals(-Errno.ELOOP, walk("/self", PathWalker.FOLLOW));
    assertEquals(-Errno.ENOENT, walk("/dangling", PathWalker.FOLLOW));
  }

  @Test
  void anOpenThatMakesAFileFollowsADanglingLink() {
    w.write("/dangling", "made");
    assertEquals("made", w.read("/nowhere"));
    assertEquals(
        -Errno.EEXIST, w.tryOpen("/dangling", Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_WRONLY));
    assertEquals(-Errno.ELOOP, w.tryOpen("/dangling", Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW));
  }

  @Test
  void openat2KeepsAWalkBelowItsStart() {
    assertEquals(0, below("e/../f", PathWalker.BENEATH));
    assertEquals(-Errno.EXDEV, below("..", PathWalker.BENEATH));
    assertEquals(-Errno.EXDEV, below("e/../../d", PathWalker.BENEATH));
    assertEquals(-Errno.EXDEV, below("/d", PathWalker.BENEATH));
    assertEquals(-Errno.EXDEV, below("e/absolute", PathWalker.BENEATH | PathWalker.FOLLOW));
    assertEquals(0, below("/../../f", PathWalker.IN_ROOT));
    assertEquals(-Errno.ENOENT, below("e/absolute", PathWalker.IN_ROOT | PathWalker.FOLLOW));
    assertEquals(-Errno.ELOOP, below("link/absolute", PathWalker.NO_SYMLINKS));
  }

  @Test
  void mountsAreCrossedInBothDirections() {
    Tmpfs other = new Tmpfs(40, w.memory, VfsWorld.budget(), 0755);
    w.namespace.mount(place("/d/e"), other, other.rootDentry(), "other", 0);
    w.write("/d/e/inside", "x");
    assertSame(other, w.inode("/d/e/inside").fs);
    assertEquals(place("/d/f"), place("/d/e/../f"));
    assertEquals("/d/e/inside", place("/d/e/inside").display(w.t.fs.root()));
    assertEquals(-Errno.EBUSY, w.rmdir("/d/e"));
    assertEquals(-Errno.EXDEV, w.rename("/d/f", "/d/e/f", 0));
    assertEquals(-Errno.EXDEV, w.link("/d/f", "/d/e/f"));
    assertEquals(-Errno.EXDEV, walk("/d/e", PathWalker.NO_XDEV));
    assertEquals(0, w.namespace.unmount(place("/d/e").mount(), false));
    assertEquals(-Errno.ENOENT, walk("/d/e/inside", 0));
  }

  @Test
  void aCopiedNamespaceHasItsOwnMounts() {
    FsContext own = w.t.fs.fork();
    own.unshareNamespace();
    Tmpfs other = new Tmpfs(40, w.memory, VfsWorld.budget(), 0755);
    VfsPath there = new VfsPath(own.root().mount(), place("/d").dentry());
    own.namespace().mount(there, other, other.rootDentry(), "other", 0);
    assertEquals(0, walk("/d/f", 0));
    w.t.fs = own;
    assertEquals(-Errno.ENOENT, walk("/d/f", 0));
  }

  @Test
  void chrootIsTheTop() {
    w.t.fs.setRoot(place("/d"));
    assertEquals(place("/f"), place("/../../f"));
    assertEquals("/f", place("/f").display(w.t.fs.root()));
    assertEquals(-Errno.ENOENT, walk("/d", 0));
    assertEquals("(unreachable)/", w.t.fs.cwd().display(w.t.fs.root()));
  }

  @Test
  void aRenamedDirectoryTakesItsOpenFilesAlong() {
    File f = w.open("/d/f", Fcntl.O_RDONLY);
    assertEquals(0, w.rename("/d", "/g", 0));
    assertEquals("/g/f", f.where().display(w.t.fs.root()));
    assertEquals(0, w.unlink("/g/f"));
    assertEquals("/g/f (deleted)", f.where().display(w.t.fs.root()));
    assertEquals("text", new String(VfsWorld.readAll(w.t, f)));
    f.drop(w.t);
  }

  @Test
  void aFileWithoutNamesGivesItsMemoryBackAtTheLastClose() {
    w.write("/big", "x".repeat(300_000));
    long used = w.memory.allocatedBytes();
    File f = w.open("/big", Fcntl.O_RDWR);
    assertEquals(0, w.unlink("/big"));
    assertEquals(used, w.memory.allocatedBytes());
    f.drop(w.t);
    assertEquals(0, w.memory.allocatedBytes());
  }

  @Test
  void permissionsAreThoseOfTheTask() {
    w.mkdir("/private");
    w.inode("/private").mode &= ~077;
    w.write("/private/x", "secret");
    w.write("/mine", "y");
    w.inode("/mine").uid = 1000;
    w.inode("/mine").mode = (w.inode("/mine").mode & ~0777) | 0400;
    w.t.creds = Credentials.of(1000, 1000, new int[0], 0);
    assertEquals(-Errno.EACCES, walk("/private/x", 0));
    assertEquals(-Errno.EACCES, w.tryOpen("/new", Fcntl.O_CREAT | Fcntl.O_WRONLY));
    assertEquals(0, w.tryOpen("/mine", Fcntl.O_RDONLY));
    assertEquals(-Errno.EACCES, w.tryOpen("/mine", Fcntl.O_WRONLY));
    assertEquals(-Errno.EACCES, w.unlink("/mine"));
  }
}
