package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.screen.Choice;
import dev.vivarium.cli.screen.Key;
import dev.vivarium.cli.screen.Line;
import dev.vivarium.cli.screen.View;
import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.Wants;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.engine.watch.export.TextOutput;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** System calls as they are made, the newest below, with a filter that is typed. */
final class TraceView implements View {
  private static final int PERIOD_MILLIS = 100;
  private static final int KEPT = 5000;

  /** More than this in one look are passed over: nobody reads them, and the terminal is slow. */
  private static final int MOST_AT_ONCE = 50_000;

  private static final int LONGEST_FILTER = 200;

  private final Context context;
  private final SandboxState sandbox;
  private final @Nullable EventFilter wanted;
  private final Deque<Event> events = new ArrayDeque<>();
  private final Choice choice = new Choice();
  private @Nullable Look look;
  private @Nullable EventReader reader;
  private long seen;
  private long passed;
  private long seenBefore;
  private long lookedAt;
  private double perSecond;
  private boolean onlyFailed;
  private boolean follows = true;
  private boolean typing;
  private final StringBuilder filter = new StringBuilder();

  /**
   * Makes one.
   *
   * @param wanted what is shown at all; null for every call
   */
  TraceView(Context context, SandboxState sandbox, @Nullable EventFilter wanted) {
    this.context = context;
    this.sandbox = sandbox;
    this.wanted = wanted;
  }

  @Override
  public int periodMillis() {
    return PERIOD_MILLIS;
  }

  @Override
  public void update() throws CliException, EngineException, IOException, InterruptedException {
    if (look == null) {
      Look l = Look.at(context.directories(), sandbox);
      look = l;
      l.begin(new Wants(true, false, false, false));
      reader =
          new EventReader(
              RunDirectory.of(context.directories(), sandbox.id()).path().resolve(Watch.FILE),
              false);
    }
    EventReader r = reader;
    if (r == null) {
      return;
    }
    for (int i = 0; i < MOST_AT_ONCE; i++) {
      Optional<Event> event = r.poll();
      if (event.isEmpty()) {
        break;
      }
      take(event.get());
    }
    long now = System.nanoTime();
    if (now - lookedAt >= 1_000_000_000L) {
      long all = seen + r.dropped();
      perSecond = lookedAt == 0 ? 0 : (all - seenBefore) * 1e9 / (now - lookedAt);
      seenBefore = all;
      lookedAt = now;
    }
  }

  private void take(Event e) {
    if (!TextOutput.isOfStrace(e) || wanted != null && !wanted.wants(e)) {
      return;
    }
    seen++;
    if (!fits(e)) {
      passed++;
      return;
    }
    events.add(e);
    if (events.size() > KEPT) {
      events.remove();
    }
  }

  private boolean fits(Event e) {
    return (!onlyFailed || e.failed()) && (filter.isEmpty() || text(e).contains(filter));
  }

  private static String text(Event e) {
    StringBuilder line = new StringBuilder();
    try {
      new TextOutput(line, new TextOutput.Style(true, false, true, 0)).accept(e);
    } catch (IOException never) {
      throw new IllegalStateException(never);
    }
    return line.toString().stripTrailing();
  }

  @Override
  public List<Line> draw(int height, int columns) {
    List<Line> lines = new ArrayList<>();
    EventReader r = reader;
    String lost = r == null || r.dropped() == 0 ? "" : ", " + r.dropped() + " lost";
    lines.add(
        new Line(
            sandbox.name()
                + ": "
                + Math.round(perSecond)
                + " calls per second, "
                + seen
                + " seen"
                + (passed == 0 ? "" : ", " + passed + " passed over")
                + lost,
            Line.Look.BOLD));
    String failed = onlyFailed ? "only what failed; " : "";
    lines.add(
        new Line(
            failed + (typing ? "/" + filter + "_" : filter.isEmpty() ? "" : "with " + filter),
            typing ? Line.Look.PLAIN : Line.Look.FAINT));
    int room = height - lines.size();
    if (follows) {
      // Only what is seen is made into text: there may be very many.
      List<Event> last = new ArrayList<>(room);
      var newest = events.descendingIterator();
      while (newest.hasNext() && last.size() < room) {
        last.add(newest.next());
      }
      last.reversed().forEach(e -> lines.add(line(e)));
    } else {
      lines.addAll(choice.seen(events.stream().map(TraceView::line).toList(), room));
    }
    return lines;
  }

  private static Line line(Event e) {
    return new Line(text(e), e.failed() ? Line.Look.RED : Line.Look.PLAIN);
  }

  @Override
  public String help() {
    return typing
        ? "Enter take it   Escape drop it"
        : "/ filter   f failed   c clear   arrows back   End newest";
  }

  @Override
  public boolean isTyping() {
    return typing;
  }

  @Override
  public void pressed(Key key) {
    if (typing) {
      type(key);
      return;
    }
    if (key.is('/')) {
      typing = true;
    } else if (key.is('f')) {
      onlyFailed = !onlyFailed;
      events.removeIf(e -> !fits(e));
    } else if (key.is('c')) {
      events.clear();
    } else if (key.name() == Key.Name.END) {
      follows = true;
    } else if (follows) {
      if (key.name() == Key.Name.UP || key.name() == Key.Name.PAGE_UP) {
        // From where it is now, at the end, backwards.
        follows = false;
        choice.seen(events.stream().map(e -> Line.of("")).toList(), 1);
        choice.move(new Key(Key.Name.END, 0));
      }
    } else {
      choice.move(key);
    }
  }

  private void type(Key key) {
    switch (key.name()) {
      case CHARACTER -> {
        if (filter.length() < LONGEST_FILTER) {
          filter.appendCodePoint(key.character());
        }
      }
      case BACKSPACE ->
          filter.setLength(filter.offsetByCodePoints(filter.length(), filter.isEmpty() ? 0 : -1));
      case ENTER -> typing = false;
      case ESCAPE -> {
        typing = false;
        filter.setLength(0);
      }
      default -> {
        // types nothing
      }
    }
    events.removeIf(e -> !fits(e));
  }

  @Override
  public boolean isOver() {
    Look l = look;
    return l != null && l.hasEnded();
  }

  @Override
  public void close() {
    if (reader != null) {
      reader.close();
    }
    if (look != null) {
      look.close();
    }
  }
}
