package dev.vivarium.engine.watch;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One event, taken out of a ring and checked. Everything in it may have been chosen by the guest:
 * show it only through {@link Escape}.
 *
 * @param sequence its number in the ring
 * @param timeNanos since the sandbox's start; of a call, when it began
 * @param pid process inside
 * @param tid thread inside
 * @param kind what it tells of
 * @param number what it means depends on {@code kind}
 * @param arguments six of them
 * @param returned false for a call that has begun and will not return
 * @param result of a call: as in the register, so a negative errno for a failure
 * @param durationNanos of a call: from its begin to its end
 * @param blockedNanos of that, what it waited as it was asked to
 * @param diskNanos of that, what it waited for files of the host
 * @param items texts and bytes
 * @param complete false if the items were overwritten before they could be read
 */
public record Event(
    long sequence,
    long timeNanos,
    int pid,
    int tid,
    EventKind kind,
    int number,
    long[] arguments,
    boolean returned,
    long result,
    long durationNanos,
    long blockedNanos,
    long diskNanos,
    List<Item> items,
    boolean complete) {

  /** The result of a {@link EventKind#POLICY} that is not decided: a person is asked. */
  public static final int ASKS = 2;

  /** A text or some bytes; see {@link Payload}. */
  public record Item(int tag, int type, byte[] bytes) {
    /** One char per byte: guests' names are bytes. */
    public String text() {
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** For texts of ours. */
    public String utf8() {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  /** Whether the result is an errno. */
  public boolean failed() {
    return kind == EventKind.SYSCALL && returned && result < 0 && result >= -4095;
  }

  /** The first item with this tag and type. */
  public Optional<Item> item(int tag, int type) {
    for (Item item : items) {
      if (item.tag == tag && item.type == type) {
        return Optional.of(item);
      }
    }
    return Optional.empty();
  }

  /** All of them. */
  public List<Item> items(int tag, int type) {
    List<Item> found = new ArrayList<>();
    for (Item item : items) {
      if (item.tag == tag && item.type == type) {
        found.add(item);
      }
    }
    return found;
  }

  /** The text with this tag, whole or cut; empty if there is none. */
  public Optional<String> text(int tag) {
    Optional<Item> whole = item(tag, Payload.TEXT);
    return (whole.isPresent() ? whole : item(tag, Payload.CUT_TEXT)).map(Item::text);
  }

  /** The path of an argument, absolute if the directory is known that it is relative to. */
  public Optional<String> path(int argument) {
    Optional<String> path = text(argument);
    if (path.isEmpty() || path.get().startsWith("/")) {
      return path;
    }
    Optional<Item> directory = item(argument, Payload.DIRECTORY);
    if (directory.isEmpty()) {
      return path;
    }
    String base = directory.get().text();
    String rest = path.get();
    while (rest.startsWith("./")) {
      rest = rest.substring(2);
    }
    return Optional.of(
        rest.isEmpty() || rest.equals(".")
            ? base
            : base.endsWith("/") ? base + rest : base + "/" + rest);
  }
}
