package dev.vivarium.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.SandboxState.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SandboxesTest {
  private static final String ID = "0123456789ab";

  @TempDir Path temp;
  private Directories directories;
  private Sandboxes sandboxes;

  @BeforeEach
  void setUp() throws IOException {
    directories =
        Directories.of(
            Map.of("XDG_RUNTIME_DIR", temp.toString(), "XDG_STATE_HOME", temp + "/state"));
    sandboxes = new Sandboxes(directories);
  }

  private static SandboxState state(String id, Status status) {
    return new SandboxState(
        id,
        "name-" + id.substring(8),
        "sentry",
        "",
        "host",
        List.of("true"),
        status,
        1,
        Instant.parse("2026-11-20T10:00:00Z"),
        Optional.empty(),
        0,
        "");
  }

  @Test
  void theRunDirectoryIsForItsOwnerAlone() throws IOException {
    assertEquals(
        PosixFilePermissions.fromString("rwx------"),
        Files.getPosixFilePermissions(directories.run()));
    RunDirectory run = RunDirectory.of(directories, ID).create();
    assertEquals(
        PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(run.path()));
  }

  @Test
  void aRunDirectoryThatIsALinkIsRefused() throws IOException {
    Path other = Files.createDirectory(temp.resolve("other"));
    Path runtime = Files.createDirectory(temp.resolve("runtime"));
    Files.createSymbolicLink(runtime.resolve("vivarium"), other);
    assertThrows(
        IOException.class, () -> Directories.of(Map.of("XDG_RUNTIME_DIR", runtime.toString())));
  }

  @Test
  void aRunDirectoryTooDeepForSocketsIsRefused() throws IOException {
    Path deep = Files.createDirectories(temp.resolve("x".repeat(90)));
    IOException e =
        assertThrows(
            IOException.class, () -> Directories.of(Map.of("XDG_RUNTIME_DIR", deep.toString())));
    assertTrue(e.getMessage().contains("too long"), e.getMessage());
  }

  @Test
  void aSandboxWithoutItsProcessIsFailedWithAReasonAndItsRunDirectoryGone() throws IOException {
    RunDirectory run = RunDirectory.of(directories, ID).create();
    run.writeState(state(ID, Status.RUNNING));
    Files.writeString(run.log(), "a remark\n");
    SandboxState found = sandboxes.list().get(0);
    assertEquals(Status.FAILED, found.status());
    assertTrue(found.reason().contains("killed or crashed"), found.reason());
    assertFalse(run.exists());
    assertEquals("a remark\n", Files.readString(StateEntry.of(directories, ID).log()));
    assertEquals(found, sandboxes.byId(ID).orElseThrow());
  }

  @Test
  void aSandboxOfBeforeARestartOfTheMachineIsFailed() throws IOException {
    StateEntry.of(directories, ID).create().writeState(state(ID, Status.RUNNING));
    assertEquals(Status.FAILED, sandboxes.list().get(0).status());
  }

  @Test
  void aRunDirectoryWithoutAStateIsLeftToItsMakerForAWhile() throws IOException {
    RunDirectory run = RunDirectory.of(directories, ID).create();
    assertEquals(List.of(), sandboxes.list());
    assertTrue(run.exists());
    Files.setLastModifiedTime(
        run.path(), FileTime.fromMillis(System.currentTimeMillis() - 120_000));
    assertEquals(List.of(), sandboxes.list());
    assertFalse(run.exists());
  }

  @Test
  void aHeldLockIsFoundInTheKernelsList() throws IOException {
    RunDirectory run = RunDirectory.of(directories, ID).create();
    run.writeState(state(ID, Status.RUNNING));
    assertFalse(HeldLocks.now().has(run));
    try (var held = run.tryLock().orElseThrow()) {
      assertTrue(HeldLocks.now().has(run) || !Files.exists(Path.of("/proc/locks")));
      assertEquals(Status.RUNNING, sandboxes.list().get(0).status());
    }
    assertFalse(HeldLocks.now().has(run));
    assertEquals(Status.FAILED, sandboxes.list().get(0).status());
  }

  @Test
  void whoWaitsForALockAndWhatIsNoLineAreNotHeldLocks() throws IOException {
    RunDirectory run = RunDirectory.of(directories, ID).create();
    Files.writeString(run.lock(), "");
    long inode = (Long) Files.getAttribute(run.lock(), "unix:ino");
    long device = (Long) Files.getAttribute(run.lock(), "unix:dev");
    String file =
        "%02x:%02x:%d"
            .formatted(device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00, inode);
    assertTrue(HeldLocks.of("1: POSIX  ADVISORY  WRITE 31 " + file + " 0 EOF\n").has(run));
    assertTrue(HeldLocks.of("x\n::\n1: FLOCK  ADVISORY  WRITE 31 " + file + " 0 EOF\n").has(run));
    assertFalse(HeldLocks.of("1: -> POSIX  ADVISORY  WRITE 31 " + file + " 0 EOF\n").has(run));
    assertFalse(HeldLocks.of("1: POSIX  ADVISORY  WRITE 31 " + file + "7 0 EOF\n").has(run));
    assertFalse(HeldLocks.of("1: POSIX  ADVISORY  WRITE 31 " + file).has(run));
    assertFalse(HeldLocks.of("a b:c:d e\n\n: : :\n").has(run));
  }

  @Test
  void timesAreReadAsTheyAreWritten() {
    for (String text :
        List.of(
            "2026-11-20T10:00:00Z",
            "2026-11-20T10:00:59.5Z",
            "2026-02-28T23:59:59.123456Z",
            "1969-12-31T23:59:59.123456789Z",
            "2026-11-20T10:00:00.000000001Z",
            "2026-11-20T10:00:00+01:00",
            "+12026-11-20T10:00:00Z")) {
      assertEquals(Instant.parse(text), StateJson.instant(text));
    }
    for (String text :
        List.of("", "Z", "2026-11-20T1a:00:00Z", "2026-13-20T10:00:00Z", "2026-11-20 10:00:00Z")) {
      assertThrows(DateTimeException.class, () -> StateJson.instant(text), text);
    }
  }

  @Test
  void oneDamagedStateDoesNotHideTheOthers() throws IOException {
    Files.writeString(StateEntry.of(directories, ID).create().state(), "{\"schemaVersion\":1,");
    StateEntry.of(directories, "ffffffffffff")
        .create()
        .writeState(state("ffffffffffff", Status.EXITED));
    assertEquals(1, sandboxes.list().size());
  }

  @Test
  void aSandboxIsFoundByItsNameItsIdAndTheBeginningOfItsId() throws IOException {
    RunDirectory run = RunDirectory.of(directories, ID).create();
    Names names = new Names(directories);
    assertTrue(names.claim("web", ID));
    sandboxes.keep(run, state(ID, Status.EXITED));
    for (String key : List.of("web", ID, "0123", "0")) {
      assertEquals(ID, sandboxes.find(key).orElseThrow().id(), key);
    }
    for (String key : List.of("", "nope", "../web", "1", "ffffffffffff")) {
      assertTrue(sandboxes.find(key).isEmpty(), key);
    }
  }

  @Test
  void aBeginningThatFitsSeveralIdsIsRefused() throws IOException {
    for (String id : List.of("0123456789ab", "0123456789ac")) {
      StateEntry.of(directories, id).create().writeState(state(id, Status.EXITED));
    }
    assertThrows(IOException.class, () -> sandboxes.find("0123"));
  }

  @Test
  void aNameIsGivenOnceAndFreeAgainWhenItsSandboxIsGone() throws IOException {
    Names names = new Names(directories);
    RunDirectory run = RunDirectory.of(directories, ID).create();
    assertTrue(names.claim("web", ID));
    assertFalse(names.claim("web", "ffffffffffff"));
    run.delete();
    assertTrue(names.claim("web", "ffffffffffff"));
    names.release("web", ID);
    assertEquals(Optional.of("ffffffffffff"), names.find("web"));
    names.release("web", "ffffffffffff");
    assertEquals(Optional.empty(), names.find("web"));
  }

  @Test
  void namesThatCouldLeaveTheDirectoryAreNoNames() {
    for (String name : List.of("", ".", "..", "a/b", "-x", "a b", "a\nb", "x".repeat(64))) {
      assertFalse(Names.isValid(name), name);
    }
    assertTrue(Names.isValid(Names.madeUp(ID)));
  }

  @Test
  void recordedOutputIsReadBackInOrderWithoutAnIncompleteEnd() throws IOException {
    Path file = temp.resolve("output");
    try (OutputRecord record = OutputRecord.open(file)) {
      record.add(1, "one".getBytes(), 0, 3);
      record.add(2, "two".getBytes(), 0, 3);
    }
    Files.write(file, new byte[] {1, 0, 0}, java.nio.file.StandardOpenOption.APPEND);
    StringBuilder read = new StringBuilder();
    OutputRecord.read(
        file, (stream, time, bytes) -> read.append(stream).append(new String(bytes)).append(' '));
    assertEquals("1one 2two ", read.toString());
  }

  @Test
  void theSpecificationIsThereWhileASandboxEnds() throws IOException {
    SandboxSpec spec = SpecJsonTest.full();
    RunDirectory run = RunDirectory.of(directories, ID).create();
    run.writeSpec(spec);
    assertEquals(spec, Entry.specOf(directories, ID));
    StateEntry.of(directories, ID).create().writeSpec(spec);
    Files.delete(run.spec());
    assertTrue(run.exists());
    assertEquals(spec, Entry.specOf(directories, ID));
  }
}
