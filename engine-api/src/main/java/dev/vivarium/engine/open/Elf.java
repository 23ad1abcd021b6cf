package dev.vivarium.engine.open;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the beginning of an ELF file says about running it. */
final class Elf {
  private static final int TYPE_EXECUTABLE = 2;
  private static final int TYPE_SHARED = 3;
  private static final int X86_64 = 62;
  private static final int SEGMENT_INTERPRETER = 3;
  private static final int MAX_INTERPRETER = 256;

  private static final java.util.regex.Pattern SHARED_NAME =
      java.util.regex.Pattern.compile("\\.so(\\.[0-9]+)*$");

  private Elf() {}

  static boolean is(byte[] head) {
    return head.length > 20
        && head[0] == 0x7f
        && head[1] == 'E'
        && head[2] == 'L'
        && head[3] == 'F';
  }

  private static boolean isAppImage(byte[] head) {
    return head[8] == 'A' && head[9] == 'I' && (head[10] == 1 || head[10] == 2);
  }

  /** Reads it. */
  static Detection detect(byte[] head, String name, String mediaType) {
    ByteBuffer in =
        ByteBuffer.wrap(head).order(head[5] == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    int type = in.getShort(16) & 0xffff;
    int machine = in.getShort(18) & 0xffff;
    boolean appImage = isAppImage(head);
    boolean ours = machine == X86_64 && head[4] == 2;
    String loader = ours ? loader(in) : "";
    // A static program that may lie anywhere is a shared object, too, but does not have the name of
    // one.
    boolean library =
        type == TYPE_SHARED
            && loader.isEmpty()
            && (SHARED_NAME.matcher(name).find() || ours && in.getLong(24) == 0);
    boolean starts = (type == TYPE_EXECUTABLE || type == TYPE_SHARED) && !library;
    String detail =
        "for " + machine(machine, head[4]) + (loader.isEmpty() ? "" : ", loaded by " + loader);
    return new Detection(
        appImage ? Kind.APPIMAGE : library ? Kind.LIBRARY : Kind.PROGRAM,
        mediaType,
        detail,
        loader.isEmpty() ? List.of() : List.of(loader),
        List.of(),
        ours && starts);
  }

  private static String loader(ByteBuffer in) {
    try {
      long table = in.getLong(32);
      int size = in.getShort(54) & 0xffff;
      int count = in.getShort(56) & 0xffff;
      for (int i = 0; i < Math.min(count, 64); i++) {
        int at = Math.toIntExact(table + (long) i * size);
        if (in.getInt(at) == SEGMENT_INTERPRETER) {
          int offset = Math.toIntExact(in.getLong(at + 8));
          int length = (int) Math.min(Math.max(0, in.getLong(at + 32)), MAX_INTERPRETER);
          byte[] text = new byte[length];
          in.get(offset, text);
          return new String(text, StandardCharsets.UTF_8).replaceFirst("\0.*", "");
        }
      }
    } catch (ArithmeticException | IndexOutOfBoundsException | BufferUnderflowException e) {
      // Not within what was read of it, or nowhere.
    }
    return "";
  }

  private static String machine(int number, int width) {
    return switch (number) {
      case 3 -> "32-bit x86";
      case 8 -> "MIPS";
      case 21 -> "POWER";
      case 22 -> "s390";
      case 40 -> "32-bit ARM";
      case X86_64 -> width == 2 ? "x86-64" : "x86-64 with 32-bit addresses";
      case 183 -> "64-bit ARM";
      case 243 -> "RISC-V";
      default -> "processor number " + number;
    };
  }
}
