package dev.vivarium.gui.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;

import atlantafx.base.theme.PrimerDark;
import atlantafx.base.theme.PrimerLight;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javafx.scene.paint.Color;
import org.junit.jupiter.api.Test;

/** Text can be read on what it stands on, as WCAG 2.1 measures it for its level AA. */
class ContrastTest {
  private static final double TEXT = 4.5;

  /** Of signs that say something without words. */
  private static final double SIGN = 3;

  private static final Pattern NAMED =
      Pattern.compile("(-color-[a-z0-9-]+):\\s*(#[0-9a-f]{6}|rgba?\\([^)]*\\))");

  /** What desktop.css writes on what; "a/b" is a over b. */
  private static final Map<String, List<String>> TEXTS =
      Map.of(
          "fg-default",
          List.of(
              "bg-default",
              "bg-inset",
              "bg-overlay",
              "bg-subtle",
              "neutral-subtle/bg-default",
              "neutral-subtle/bg-inset",
              "accent-subtle/bg-overlay"),
          "fg-muted",
          List.of(
              "bg-default",
              "bg-inset",
              "bg-overlay",
              "bg-subtle",
              "neutral-subtle/bg-default",
              "neutral-subtle/bg-inset"),
          "accent-fg",
          List.of("accent-subtle/bg-inset"),
          "danger-fg",
          List.of("bg-default", "bg-overlay", "danger-subtle/bg-default"),
          "success-fg",
          List.of("success-subtle/bg-default"),
          "warning-fg",
          List.of("warning-subtle/bg-default"),
          "fg-emphasis",
          List.of("accent-emphasis"));

  /** The dots, and the frame around what has the keys. */
  private static final Map<String, List<String>> SIGNS =
      Map.of(
          "success-emphasis", List.of("bg-default"),
          "warning-emphasis", List.of("bg-default"),
          "danger-emphasis", List.of("bg-default"),
          "neutral-emphasis", List.of("bg-default"),
          "accent-emphasis", List.of("bg-default", "bg-inset", "bg-overlay"));

  private final List<String> poor = new ArrayList<>();

  @Test
  void theThemesTextsAreLegible() throws IOException {
    check("dark", new PrimerDark().getUserAgentStylesheet());
    check("light", new PrimerLight().getUserAgentStylesheet());
    assertEquals(List.of(), poor);
  }

  @Test
  void whatIsDrawnIsLegible() {
    for (Colors c : List.of(Colors.DARK, Colors.LIGHT)) {
      String theme = c.dark() ? "dark" : "light";
      Map<String, Color> texts =
          Map.of(
              "text", c.text(),
              "muted", c.muted(),
              "accent", c.accent(),
              "second", c.second(),
              "third", c.third(),
              "bad", c.bad());
      texts.forEach((name, colour) -> {
        measure(theme, name, colour, "the background", c.background(), TEXT);
        measure(theme, name, colour, "what is raised", c.raised(), TEXT);
        if (colour != c.third()) { // which nothing is written in
          Color chosen = over(c.selection(), c.background());
          measure(theme, name, colour, "what is chosen", chosen, TEXT);
        }
      });
      for (Color bar : List.of(c.accent(), c.third(), c.bad())) {
        Color faint = over(bar.deriveColor(0, 1, 1, 0.25), c.background());
        measure(theme, "text", c.text(), "a bar", faint, TEXT);
      }
    }
    assertEquals(List.of(), poor);
  }

  @Test
  void theMeasureIsThatOfTheStandard() {
    assertEquals(21, ratio(Color.WHITE, Color.BLACK), 0.01);
    assertEquals(4.48, ratio(Color.web("#777777"), Color.WHITE), 0.01);
  }

  private void check(String theme, String sheet) throws IOException {
    Map<String, Color> colours = new HashMap<>();
    try (InputStream in = PrimerDark.class.getResourceAsStream(sheet)) {
      if (in == null) {
        throw new IOException("no sheet " + sheet);
      }
      Matcher m = NAMED.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      while (m.find()) {
        // The first is the theme's; later ones are those of single controls.
        colours.putIfAbsent(m.group(1), Color.web(m.group(2)));
      }
    }
    check(theme, colours, TEXTS, TEXT);
    check(theme, colours, SIGNS, SIGN);
  }

  private void check(
      String theme, Map<String, Color> colours, Map<String, List<String>> pairs, double least) {
    pairs.forEach((name, grounds) -> {
      for (String ground : grounds) {
        String[] parts = ground.split("/");
        Color on = named(colours, parts[parts.length - 1]);
        on = parts.length == 1 ? on : over(named(colours, parts[0]), on);
        measure(theme, name, named(colours, name), ground, on, least);
      }
    });
  }

  private static Color named(Map<String, Color> colours, String name) {
    Color found = colours.get("-color-" + name);
    if (found == null) {
      throw new IllegalArgumentException("the theme has no " + name);
    }
    return found;
  }

  private void measure(
      String theme, String name, Color colour, String ground, Color on, double least) {
    double ratio = ratio(over(colour, on), on);
    if (ratio < least) {
      poor.add(String.format(Locale.ROOT, "%s: %s on %s: %.2f", theme, name, ground, ratio));
    }
  }

  private static Color over(Color above, Color below) {
    Color opaque = Color.color(above.getRed(), above.getGreen(), above.getBlue());
    return below.interpolate(opaque, above.getOpacity());
  }

  private static double ratio(Color a, Color b) {
    double x = luminance(a);
    double y = luminance(b);
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  }

  private static double luminance(Color c) {
    return 0.2126 * linear(c.getRed())
        + 0.7152 * linear(c.getGreen())
        + 0.0722 * linear(c.getBlue());
  }

  private static double linear(double v) {
    return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
  }
}
