package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.calls.Kind;
import dev.vivarium.engine.watch.calls.Struct;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.vfs.File;
import java.nio.charset.StandardCharsets;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Takes along what the arguments of a call point to: of each a bounded part, what goes in before
 * the call and what comes out after it. The guest's addresses and lengths may be anything; what
 * cannot be read is left out.
 */
final class CallCapture {
  private static final int ARGUMENTS = 6;

  /** As much of a buffer as strace shows. */
  private static final int BUFFER = 32;

  private static final int MAX_PATH = 1024;
  private static final int MAX_STRUCTS = 512;
  private static final int MAX_ELEMENTS = 32;
  private static final int MAX_ELEMENT = 256;
  private static final int MAX_VECTOR = 4;
  private static final int MAX_ADDRESS = 128;
  private static final int MAX_DESCRIPTORS = 1024;
  private static final int MESSAGE_HEADER = 56;
  private static final int MESSAGE_AND_LENGTH = 64;
  private static final int MAX_MESSAGES = 8;
  private static final int MAX_CONTROL = 256;
  private static final int MAX_COUNTED = 10_000;

  /** What the arguments of a call are, as each call goes through them: some are taken along. */
  static final class Row {
    static final Row NOTHING = new Row(List.of());

    private final Kind[] kinds;

    /** Whether anything is taken when it has returned. */
    private final boolean out;

    private Row(List<Kind> kinds) {
      this.kinds = kinds.toArray(new Kind[0]);
      this.out = kinds.stream().anyMatch(Kind::out);
    }
  }

  private final CallTable table = CallTable.get();

  /** By number, for calls whose arguments are the same whatever their values. */
  private final @Nullable Row[] rows = new Row[CallTable.MOST];

  private final Map<List<Kind>, Row> cases = new IdentityHashMap<>();
  private final long[] arguments = new long[ARGUMENTS];
  private final byte[] iovec = new byte[16 * MAX_VECTOR];
  private final byte[] header = new byte[MESSAGE_AND_LENGTH];

  /** What the arguments are that were set; none for a number that Linux does not have. */
  private Row row(int number) {
    Row known = number >= 0 && number < rows.length ? rows[number] : null;
    return known != null ? known : find(number);
  }

  private Row find(int number) {
    CallTable.Call call = table.row(number);
    if (call == null) {
      return Row.NOTHING;
    }
    Row row = cases.computeIfAbsent(call.arguments(arguments), Row::new);
    if (call.cases().isEmpty()) {
      rows[number] = row;
    }
    return row;
  }

  private void set(long a0, long a1, long a2, long a3, long a4, long a5) {
    arguments[0] = a0;
    arguments[1] = a1;
    arguments[2] = a2;
    arguments[3] = a3;
    arguments[4] = a4;
    arguments[5] = a5;
  }

  /** Before the call. */
  void in(
      Task t,
      CallState s,
      int number,
      FileRows files,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5) {
    set(a0, a1, a2, a3, a4, a5);
    Row row = row(number);
    s.row = row;
    Kind[] kinds = row.kinds;
    for (int i = 0; i < kinds.length; i++) {
      Kind kind = kinds[i];
      long value = arguments[i];
      switch (kind.type()) {
        case PATH -> {
          if (text(t.mm, s.payload, i, value, MAX_PATH)) {
            directory(t, s, kinds, i, files);
          }
        }
        case STRING -> text(t.mm, s.payload, i, value, MAX_ELEMENT);
        case STRINGS -> strings(t.mm, s.payload, i, value);
        case ENVIRONMENT -> count(t.mm, s.payload, i, value);
        case FD -> file(t, s.payload, i, (int) value, files);
        case BYTES -> {
          if (kind.in()) {
            bytes(t.mm, s.payload, i, value, kind.elements(arguments, 0));
          }
        }
        case STRUCT -> {
          if (kind.in()) {
            structs(t.mm, s.payload, i, value, kind, 0);
          }
        }
        case SOCKET_ADDRESS -> {
          if (kind.in()) {
            address(t.mm, s.payload, i, value, kind.elements(arguments, 0));
          }
        }
        case FD_SET -> descriptors(t.mm, s.payload, i, value, arguments[0]);
        case IO_VECTOR -> {
          if (kind.in()) {
            vector(t.mm, s.payload, i, value, kind.elements(arguments, 0), Long.MAX_VALUE);
          }
        }
        case MESSAGE -> {
          if (kind.in()) {
            message(t.mm, s.payload, i, value, MESSAGE_HEADER, Long.MAX_VALUE);
          }
        }
        case MESSAGES -> {
          if (kind.in()) {
            messages(t.mm, s.payload, i, value, kind.elements(arguments, 0), MESSAGE_HEADER);
          }
        }
        default -> {
          // a number
        }
      }
    }
  }

  /** After a call that did not fail; {@link #in} was asked before it. */
  void out(Task t, CallState s, long result, long a0, long a1, long a2, long a3, long a4, long a5) {
    Row row = s.row;
    if (!row.out) {
      return;
    }
    set(a0, a1, a2, a3, a4, a5);
    Kind[] kinds = row.kinds;
    for (int i = 0; i < kinds.length; i++) {
      Kind kind = kinds[i];
      if (!kind.out()) {
        continue;
      }
      long value = arguments[i];
      switch (kind.type()) {
        case BYTES -> bytes(t.mm, s.payload, i, value, kind.elements(arguments, result));
        case STRUCT -> structs(t.mm, s.payload, i, value, kind, result);
        case FD_SET -> descriptors(t.mm, s.payload, i, value, arguments[0]);
        case SOCKET_ADDRESS -> {
          // Its length is where the next argument points to.
          long length =
              i + 1 < ARGUMENTS && arguments[i + 1] != 0 ? t.mm.readInt(arguments[i + 1]) : 0;
          address(t.mm, s.payload, i, value, length);
        }
        case IO_VECTOR ->
            vector(t.mm, s.payload, i, value, kind.elements(arguments, result), result);
        case MESSAGE -> message(t.mm, s.payload, i, value, MESSAGE_HEADER, result);
        case MESSAGES -> messages(t.mm, s.payload, i, value, result, MESSAGE_AND_LENGTH);
        default -> {
          // a number
        }
      }
    }
  }

  /** A text that ends in NUL; read up to the end of what is there. */
  private static boolean text(GuestMemory mm, Payload payload, int tag, long address, int max) {
    if (address == 0 || !payload.begin(max)) {
      return false;
    }
    byte[] target = payload.target();
    int at = payload.at();
    int length = 0;
    while (length < max) {
      // Never beyond a page that the text may end in.
      int part = (int) Math.min(max - length, 4096 - (address + length & 4095));
      if (mm.copyIn(address + length, target, at + length, part) < 0) {
        return false;
      }
      for (int i = 0; i < part; i++) {
        if (target[at + length + i] == 0) {
          payload.end(tag, Payload.TEXT, length + i);
          return true;
        }
      }
      length += part;
    }
    payload.end(tag, Payload.CUT_TEXT, length);
    return true;
  }

  /** What a relative path begins at. */
  private void directory(Task t, CallState s, Kind[] row, int argument, FileRows files) {
    byte[] target = s.payload.target();
    int last = s.payload.length();
    // The item that was added last is the path.
    int length = lastLength(s.payload, argument);
    if (length > 0 && target[last - length] == '/') {
      return;
    }
    boolean beside = argument > 0 && row[argument - 1].type() == Kind.Type.DIRECTORY_FD;
    int fd = beside ? (int) arguments[argument - 1] : Fcntl.AT_FDCWD;
    byte[] base = null;
    if (fd == Fcntl.AT_FDCWD) {
      base = s.workingDirectory(t);
    } else {
      File f = t.fds.getAny(fd);
      if (f != null) {
        base = files.of(t, f).row.path;
      }
    }
    if (base != null) {
      s.payload.add(argument, Payload.DIRECTORY, base, 0, Math.min(base.length, MAX_PATH));
    }
  }

  private static int lastLength(Payload payload, int tag) {
    // Items are walked from the front: they are few.
    byte[] bytes = payload.target();
    int at = 0;
    int found = 0;
    while (at + 4 <= payload.length()) {
      int size = (bytes[at + 2] & 0xff) | (bytes[at + 3] & 0xff) << 8;
      if (bytes[at] == tag) {
        found = size;
      }
      at += 4 + size;
    }
    return found;
  }

  private static void file(Task t, Payload payload, int tag, int fd, FileRows files) {
    File f = t.fds.getAny(fd);
    if (f != null) {
      byte[] path = files.of(t, f).row.path;
      payload.add(tag, Payload.FILE_PATH, path, 0, Math.min(path.length, MAX_PATH));
    }
  }

  private static void strings(GuestMemory mm, Payload payload, int tag, long address) {
    if (address == 0) {
      return;
    }
    for (int i = 0; i < MAX_ELEMENTS; i++) {
      long element = mm.readLong(address + 8L * i);
      if (mm.error() < 0) {
        return;
      }
      if (element == 0) {
        if (i == 0) {
          return;
        }
        return;
      }
      if (!element(mm, payload, tag, element)) {
        break;
      }
    }
    payload.add(tag, Payload.MORE_ELEMENTS, payload.target(), 0, 0);
  }

  private static boolean element(GuestMemory mm, Payload payload, int tag, long address) {
    int before = payload.length();
    if (!text(mm, payload, tag, address, MAX_ELEMENT)) {
      return false;
    }
    payload.target()[before + 1] = (byte) Payload.ELEMENT;
    return true;
  }

  private static void count(GuestMemory mm, Payload payload, int tag, long address) {
    if (address == 0) {
      return;
    }
    int n = 0;
    while (n < MAX_COUNTED && mm.readLong(address + 8L * n) != 0 && mm.error() == 0) {
      n++;
    }
    byte[] text = Integer.toString(n).getBytes(StandardCharsets.US_ASCII);
    payload.add(tag, Payload.MORE_ELEMENTS, text, 0, text.length);
  }

  private static void bytes(GuestMemory mm, Payload payload, int tag, long address, long length) {
    int kept = (int) Math.min(length, BUFFER);
    if (address == 0 || length < 0 || !payload.begin(kept)) {
      return;
    }
    if (mm.copyIn(address, payload.target(), payload.at(), kept) == 0) {
      payload.end(tag, kept < length ? Payload.CUT_BYTES : Payload.BYTES, kept);
    }
  }

  private void structs(
      GuestMemory mm, Payload payload, int tag, long address, Kind kind, long result) {
    Struct struct = kind.struct();
    if (address == 0 || struct == null) {
      return;
    }
    int size = struct.size();
    long count = Math.min(kind.elements(arguments, result), 1 << 20);
    int kept = (int) Math.min(count, Math.max(1, MAX_STRUCTS / size));
    if (!payload.begin(kept * size)) {
      return;
    }
    if (mm.copyIn(address, payload.target(), payload.at(), kept * size) == 0) {
      payload.end(tag, kept < count ? Payload.CUT_BYTES : Payload.BYTES, kept * size);
    }
  }

  private static void descriptors(
      GuestMemory mm, Payload payload, int tag, long address, long count) {
    // In words of 64 bits, as the kernel reads them; those beyond the first 1024 are not kept.
    int kept = (Math.clamp((int) count, 0, MAX_DESCRIPTORS) + 63) / 64 * 8;
    if (address == 0 || kept == 0 || !payload.begin(kept)) {
      return;
    }
    if (mm.copyIn(address, payload.target(), payload.at(), kept) == 0) {
      int extra = (int) count & 63;
      if (extra != 0 && count < MAX_DESCRIPTORS) {
        clearAbove(payload.target(), payload.at() + kept - 8, extra);
      }
      payload.end(tag, Payload.BYTES, kept);
    }
  }

  private static void clearAbove(byte[] word, int at, int bits) {
    for (int i = 0; i < 8; i++) {
      int left = Math.clamp(bits - 8 * i, 0, 8);
      word[at + i] &= (byte) ((1 << left) - 1);
    }
  }

  private static void address(GuestMemory mm, Payload payload, int tag, long address, long length) {
    int kept = Math.clamp(length, 0, MAX_ADDRESS);
    if (address == 0 || kept == 0 || !payload.begin(kept)) {
      return;
    }
    if (mm.copyIn(address, payload.target(), payload.at(), kept) == 0) {
      payload.end(tag, Payload.BYTES, kept);
    }
  }

  /** Of each buffer its length, a plus if not all is kept, a colon, and what of it is. */
  private void vector(
      GuestMemory mm, Payload payload, int tag, long address, long count, long most) {
    int n = Math.clamp(count, 0, MAX_VECTOR);
    if (address == 0 || n == 0 || mm.copyIn(address, iovec, 0, 16 * n) < 0) {
      return;
    }
    long left = most;
    for (int i = 0; i < n; i++) {
      long base = longAt(iovec, 16 * i);
      long length = longAt(iovec, 16 * i + 8);
      int kept = Math.clamp(Math.min(length, left), 0, BUFFER);
      String cut = kept < Math.min(length, left) ? "+:" : ":";
      byte[] prefix = (Long.toUnsignedString(length) + cut).getBytes(StandardCharsets.US_ASCII);
      if (!payload.begin(prefix.length + kept)) {
        return;
      }
      System.arraycopy(prefix, 0, payload.target(), payload.at(), prefix.length);
      if (mm.copyIn(base, payload.target(), payload.at() + prefix.length, kept) < 0) {
        kept = 0;
      }
      payload.end(tag, Payload.ELEMENT, prefix.length + kept);
      left -= Math.min(left, length);
    }
    if (n < count) {
      payload.add(tag, Payload.MORE_ELEMENTS, payload.target(), 0, 0);
    }
  }

  /** A header, then the address, the control messages and the buffers that it points to. */
  private void message(
      GuestMemory mm, Payload payload, int tag, long address, int size, long most) {
    if (address == 0 || mm.copyIn(address, header, 0, size) < 0) {
      return;
    }
    payload.add(tag, Payload.BYTES, header, 0, size);
    long length = longAt(header, 8) & 0xffffffffL;
    part(mm, payload, tag, Payload.NAME, longAt(header, 0), length, MAX_ADDRESS);
    part(mm, payload, tag, Payload.CONTROL, longAt(header, 32), longAt(header, 40), MAX_CONTROL);
    long filled = size == MESSAGE_HEADER ? most : longAt(header, MESSAGE_HEADER) & 0xffffffffL;
    vector(mm, payload, tag, longAt(header, 16), longAt(header, 24), filled);
  }

  /**
   * Several of them, an empty one if there were more.
   *
   * @param size of each, with the length behind it when that is known
   */
  private void messages(
      GuestMemory mm, Payload payload, int tag, long address, long count, int size) {
    int n = Math.clamp(count, 0, MAX_MESSAGES);
    for (int i = 0; i < n; i++) {
      long at = address + i * (long) MESSAGE_AND_LENGTH;
      message(mm, payload, tag, at, size, Long.MAX_VALUE);
    }
    if (n < count) {
      payload.add(tag, Payload.BYTES, header, 0, 0);
    }
  }

  private static void part(
      GuestMemory mm, Payload payload, int tag, int type, long address, long length, int most) {
    int kept = Math.clamp(length, 0, most);
    if (address != 0 && kept != 0 && payload.begin(kept)) {
      if (mm.copyIn(address, payload.target(), payload.at(), kept) == 0) {
        payload.end(tag, type, kept);
      }
    }
  }

  private static long longAt(byte[] bytes, int at) {
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = value << 8 | bytes[at + i] & 0xff;
    }
    return value;
  }
}
