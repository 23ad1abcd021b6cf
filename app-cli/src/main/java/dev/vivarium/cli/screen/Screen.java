package dev.vivarium.cli.screen;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.run.Signals;
import dev.vivarium.cli.run.Terminal;
import dev.vivarium.engine.EngineException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A terminal that shows a view until the user leaves it with q, Escape or Ctrl-C. It is drawn on
 * the terminal's other screen, so that what was there before is there afterwards.
 */
public final class Screen {
  private static final String ENTER = "\u001b[?1049h\u001b[?25l\u001b[2J";
  private static final String LEAVE = "\u001b[0m\u001b[?25h\u001b[?1049l";
  private static final String HOME = "\u001b[H";
  private static final String END_OF_LINE = "\u001b[0m\u001b[K";
  private static final String BELOW = "\u001b[J";
  private static final int READ = 256;
  private static final long INPUT_GRACE_MILLIS = 100;

  private final Context context;
  private final boolean colours;
  private final BlockingQueue<Key> keys = new LinkedBlockingQueue<>();
  private final Deque<View> views = new ArrayDeque<>();
  private volatile boolean over;
  private volatile boolean resized = true;
  private boolean whole;
  private boolean still;
  private Terminal.Size size = new Terminal.Size(24, 80);
  private List<Line> shown = List.of();

  private Screen(Context context) {
    this.context = context;
    String none = context.environment().get("NO_COLOR");
    colours = none == null || none.isEmpty();
  }

  /** Whether this process has a terminal that can be drawn on. */
  public static boolean isPossible(Map<String, String> environment) {
    String kind = environment.getOrDefault("TERM", "dumb");
    return !kind.isEmpty()
        && !kind.equals("dumb")
        && Terminal.isTerminal(0)
        && Terminal.isTerminal(1);
  }

  /**
   * Shows a view until the user has seen enough; closes it.
   *
   * @throws CliException if there is no such terminal
   */
  public static void show(View view, Context context)
      throws CliException, EngineException, IOException, InterruptedException {
    if (!isPossible(context.environment())) {
      view.close();
      throw new CliException(
          CliException.USAGE,
          "there is no terminal to draw on; leave out --live for pipes, files and TERM=dumb");
    }
    new Screen(context).run(view);
  }

  private void run(View first)
      throws CliException, EngineException, IOException, InterruptedException {
    views.push(first);
    PrintStream out = context.out();
    try (Signals.Restore signals = Signals.forwardTo(signal -> over = true, this::resized);
        Terminal terminal = Terminal.raw()) {
      Thread reader = new Thread(null, this::read, "keys", 256 << 10);
      reader.setDaemon(true);
      reader.start();
      out.print(ENTER);
      try {
        loop();
      } finally {
        over = true;
        // What is typed once the screen is gone is for whoever reads next.
        reader.join(INPUT_GRACE_MILLIS);
        out.print(LEAVE);
        out.flush();
      }
    } finally {
      views.forEach(View::close);
    }
  }

  private void resized() {
    resized = true;
    // So that it does not wait for the next look.
    keys.add(Key.of(Key.Name.OTHER));
  }

  private void read() {
    KeyDecoder decoder = new KeyDecoder();
    byte[] bytes = new byte[READ];
    try {
      while (!over) {
        int count = context.input().read(bytes, bytes.length, () -> over);
        if (count < 0) {
          break;
        }
        keys.addAll(decoder.decode(bytes, count));
      }
    } catch (IOException e) {
      // The terminal is gone.
    }
    over = true;
    keys.add(Key.of(Key.Name.OTHER));
  }

  private void loop() throws CliException, EngineException, IOException, InterruptedException {
    long next = System.nanoTime();
    while (!over && !context.out().checkError()) {
      View view = views.getFirst();
      if (System.nanoTime() - next >= 0) {
        if (!still) {
          view.update();
        }
        next = System.nanoTime() + view.periodMillis() * 1_000_000L;
      }
      draw(view);
      if (view.isOver()) {
        still = true;
      }
      Key key = keys.poll(Math.max(0, next - System.nanoTime()), TimeUnit.NANOSECONDS);
      while (key != null && !over) {
        pressed(views.getFirst(), key);
        key = keys.poll();
      }
      if (views.getFirst() != view) {
        whole = true;
        still = false;
        next = System.nanoTime();
      }
    }
  }

  private void pressed(View view, Key key)
      throws CliException, EngineException, IOException, InterruptedException {
    if (key.name() == Key.Name.INTERRUPT) {
      over = true;
      return;
    }
    if (!view.isTyping()) {
      if (key.name() == Key.Name.ESCAPE || key.is('q')) {
        if (views.size() == 1) {
          over = true;
        } else {
          views.pop().close();
        }
        return;
      }
      if (key.is('p') || key.is(' ')) {
        still = !still && !view.isOver();
        return;
      }
    }
    view.pressed(key);
    Optional<View> next = view.next();
    next.ifPresent(views::push);
  }

  /** Writes only lines that have changed. */
  private void draw(View view) {
    boolean all = resized || whole;
    whole = false;
    if (resized) {
      resized = false;
      size = Terminal.size();
    }
    List<Line> lines = view.draw(size.rows() - 1, size.columns());
    StringBuilder out = new StringBuilder();
    int rows = Math.min(size.rows() - 1, lines.size());
    for (int i = 0; i < rows; i++) {
      if (all || i >= shown.size() || !shown.get(i).equals(lines.get(i))) {
        out.append("\u001b[").append(i + 1).append(";1H");
        out.append(lines.get(i).ansi(size.columns(), colours)).append(END_OF_LINE);
      }
    }
    if (all || rows < shown.size()) {
      out.append("\u001b[").append(rows + 1).append(";1H").append(BELOW);
    }
    shown = List.copyOf(lines.subList(0, rows));
    out.append("\u001b[").append(size.rows()).append(";1H");
    out.append(foot(view).ansi(size.columns() - 1, colours)).append(END_OF_LINE).append(HOME);
    context.out().print(out);
    context.out().flush();
  }

  private Line foot(View view) {
    String state = view.isOver() ? "it has ended   " : still ? "STILL   " : "";
    return new Line(state + "q leave   p still, go on   " + view.help(), Line.Look.FAINT);
  }
}
