package dev.vivarium.sentry.gofer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProtocolTest {
  @TempDir Path folder;

  @Test
  void bothSidesAgreeOnEveryNumberAndOffset() throws Exception {
    Map<String, Integer> expected = new LinkedHashMap<>();
    expected.put("GOFER_VERSION", Wire.VERSION);
    expected.put("OP_HELLO", Wire.HELLO);
    expected.put("OP_WALK", Wire.WALK);
    expected.put("OP_OPEN", Wire.OPEN);
    expected.put("OP_READDIR", Wire.READDIR);
    expected.put("OP_STATFS", Wire.STATFS);
    expected.put("OP_CLOSE", Wire.CLOSE);
    expected.put("OP_CREATE", Wire.CREATE);
    expected.put("OP_MKDIR", Wire.MKDIR);
    expected.put("OP_SYMLINK", Wire.SYMLINK);
    expected.put("OP_LINK", Wire.LINK);
    expected.put("OP_UNLINK", Wire.UNLINK);
    expected.put("OP_RENAME", Wire.RENAME);
    expected.put("OP_SETATTR", Wire.SETATTR);
    expected.put("OP_FSYNC", Wire.FSYNC);
    expected.put("OP_MKNOD", Wire.MKNOD);
    expected.put("WALK_HANDLE", Wire.WALK_HANDLE);
    expected.put("ROOTS_HANDLE", Wire.ROOTS_HANDLE);
    expected.put("MAX_PATH", Wire.MAX_PATH);
    expected.put("MAX_PAYLOAD", Wire.MAX_PAYLOAD);
    expected.put("MAX_AHEAD", Wire.MAX_AHEAD);
    expected.put("sizeof(struct gofer_ahead)", Wire.AHEAD_SIZE);
    expected.put("offsetof(struct gofer_ahead, node)", Wire.AHEAD_NODE);
    expected.put("offsetof(struct gofer_ahead, error)", Wire.AHEAD_ERROR);
    expected.put("SET_MODE", dev.vivarium.sentry.vfs.AttrChange.MODE);
    expected.put("SET_UID", dev.vivarium.sentry.vfs.AttrChange.UID);
    expected.put("SET_GID", dev.vivarium.sentry.vfs.AttrChange.GID);
    expected.put("SET_SIZE", dev.vivarium.sentry.vfs.AttrChange.SIZE);
    expected.put("SET_ATIME", dev.vivarium.sentry.vfs.AttrChange.ATIME);
    expected.put("SET_MTIME", dev.vivarium.sentry.vfs.AttrChange.MTIME);
    for (GoferFeature f : GoferFeature.values()) {
      expected.put(FEATURES[f.ordinal()], 1 << f.ordinal());
    }
    expected.put("sizeof(struct gofer_request)", Wire.REQUEST_SIZE);
    expected.put("offsetof(struct gofer_request, op)", Wire.REQUEST_OP);
    expected.put("offsetof(struct gofer_request, sequence)", Wire.REQUEST_SEQUENCE);
    expected.put("offsetof(struct gofer_request, handle)", Wire.REQUEST_HANDLE);
    expected.put("offsetof(struct gofer_request, handle2)", Wire.REQUEST_HANDLE2);
    expected.put("offsetof(struct gofer_request, flags)", Wire.REQUEST_FLAGS);
    expected.put("offsetof(struct gofer_request, mode)", Wire.REQUEST_MODE);
    expected.put("offsetof(struct gofer_request, uid)", Wire.REQUEST_UID);
    expected.put("offsetof(struct gofer_request, gid)", Wire.REQUEST_GID);
    expected.put("offsetof(struct gofer_request, offset)", Wire.REQUEST_OFFSET);
    expected.put("offsetof(struct gofer_request, atime)", Wire.REQUEST_ATIME);
    expected.put("offsetof(struct gofer_request, mtime)", Wire.REQUEST_MTIME);
    expected.put("offsetof(struct gofer_request, name_length)", Wire.REQUEST_NAME_LENGTH);
    expected.put("offsetof(struct gofer_request, name2_length)", Wire.REQUEST_NAME2_LENGTH);
    expected.put("sizeof(struct gofer_node)", Wire.NODE_SIZE);
    expected.put("offsetof(struct gofer_node, ino)", Wire.NODE_INO);
    expected.put("offsetof(struct gofer_node, dev)", Wire.NODE_DEV);
    expected.put("offsetof(struct gofer_node, mode)", Wire.NODE_MODE);
    expected.put("offsetof(struct gofer_node, nlink)", Wire.NODE_NLINK);
    expected.put("offsetof(struct gofer_node, uid)", Wire.NODE_UID);
    expected.put("offsetof(struct gofer_node, gid)", Wire.NODE_GID);
    expected.put("offsetof(struct gofer_node, rdev)", Wire.NODE_RDEV);
    expected.put("offsetof(struct gofer_node, size)", Wire.NODE_LENGTH);
    expected.put("offsetof(struct gofer_node, blocks)", Wire.NODE_BLOCKS);
    expected.put("offsetof(struct gofer_node, atime)", Wire.NODE_ATIME);
    expected.put("offsetof(struct gofer_node, mtime)", Wire.NODE_MTIME);
    expected.put("offsetof(struct gofer_node, ctime)", Wire.NODE_CTIME);
    expected.put("sizeof(struct gofer_reply)", Wire.REPLY_SIZE);
    expected.put("offsetof(struct gofer_reply, sequence)", Wire.REPLY_SEQUENCE);
    expected.put("offsetof(struct gofer_reply, error)", Wire.REPLY_ERROR);
    expected.put("offsetof(struct gofer_reply, handle)", Wire.REPLY_HANDLE);
    expected.put("offsetof(struct gofer_reply, count)", Wire.REPLY_COUNT);
    expected.put("offsetof(struct gofer_reply, value)", Wire.REPLY_VALUE);
    expected.put("offsetof(struct gofer_reply, node)", Wire.REPLY_NODE);
    expected.put("offsetof(struct gofer_reply, cpu)", Wire.REPLY_CPU);
    expected.put("offsetof(struct gofer_request, cpu)", Wire.REQUEST_CPU);
    expected.put("sizeof(struct gofer_entry)", Wire.ENTRY_SIZE);
    expected.put("offsetof(struct gofer_entry, node)", Wire.ENTRY_NODE);
    expected.put("offsetof(struct gofer_entry, cookie)", Wire.ENTRY_COOKIE);
    expected.put("offsetof(struct gofer_entry, name_length)", Wire.ENTRY_NAME_LENGTH);
    expected.put("offsetof(struct gofer_entry, target_length)", Wire.ENTRY_TARGET_LENGTH);

    expected.put("READDIR_DEEP", Wire.READDIR_DEEP);
    expected.put("sizeof(struct gofer_block)", Wire.BLOCK_SIZE);
    expected.put("READDIR_WATCH", Wire.READDIR_WATCH);
    expected.put("offsetof(struct gofer_block, node)", Wire.BLOCK_NODE);
    expected.put("offsetof(struct gofer_block, watch)", Wire.BLOCK_WATCH);
    expected.put("offsetof(struct gofer_block, count)", Wire.BLOCK_COUNT);
    expected.put("offsetof(struct gofer_block, length)", Wire.BLOCK_LENGTH);

    assertEquals(
        expected.entrySet().stream()
            .map(e -> e.getKey() + " = " + e.getValue())
            .collect(Collectors.joining("\n")),
        inC(expected));
  }

  private static final String[] FEATURES = {
    "F_USER_NS",
    "F_MOUNT_NS",
    "F_PID_NS",
    "F_NET_NS",
    "F_IPC_NS",
    "F_UTS_NS",
    "F_LANDLOCK",
    "F_SECCOMP",
    "F_NO_CAPS",
    "F_NOBODY"
  };

  private String inC(Map<String, Integer> names) throws Exception {
    Path source = folder.resolve("offsets.c");
    Path program = folder.resolve("offsets");
    String lines =
        names.keySet().stream()
            .map(n -> "printf(\"" + n + " = %d\\n\", (int)(" + n + "));")
            .collect(Collectors.joining("\n"));
    Files.writeString(
        source,
        "#include <stddef.h>\n#include <stdio.h>\n#include \"protocol.h\"\nint main(void) {\n"
            + lines
            + "\n}\n");
    run("gcc", "-I", "src/main/c/gofer", "-o", program.toString(), source.toString());
    return run(program.toString());
  }

  private static String run(String... command) throws Exception {
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, p.waitFor(), text);
    return text.strip();
  }
}
