package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Filters;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.GuestText;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.DiskUse;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.ImageSummary;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv images}. */
public final class ImagesCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    repeatable(
        spec,
        "NAME=VALUE",
        "Only those with this: reference (a pattern), dangling=true or false; may be repeated.",
        "-f",
        "--filter");
    format(spec);
    flag(spec, "Print only ids.", "-q", "--quiet");
    flag(spec, "Show what of each image's space is its own, and the whole.", "--disk");
    option(spec, "PATH", "Only images that have something at this path.", "--with-path");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    List<ImageSummary> images;
    String path = arguments.matchedOptionValue("--with-path", "");
    if (path.isEmpty()) {
      images = ImageStore.summaries(ImageStore.defaultRoot());
    } else {
      try (ImageStore store = ImageStore.open()) {
        images = store.havingPath(GuestText.of(path));
      }
    }
    Filters<ImageSummary> filters =
        new Filters<ImageSummary>()
            .on("reference", ImagesCommand::isNamed)
            .on("dangling", (i, v) -> i.tags().isEmpty() == v.equals("true"))
            .given(arguments.matchedOptionValue("-f", new String[0]));
    images = images.stream().filter(filters::pass).toList();
    if (arguments.hasMatchedOption("-q")) {
      images.forEach(image -> context.out().println(image.shortId()));
      return 0;
    }
    boolean disk = arguments.hasMatchedOption("--disk");
    boolean artifacts = false;
    for (ImageSummary image : images) {
      artifacts |= image.artifactType().isPresent();
    }
    // What is no image is shown as such; where all are, that needs no column.
    String type = artifacts ? "ARTIFACT" : "";
    Listing listing =
        disk
            ? new Listing("IMAGE", "ID", "SIZE", "SHARED", "OWN", "LAYERS", type)
            : new Listing("IMAGE", "ID", "CREATED", "SIZE", "LAYERS", type);
    Instant now = Instant.now();
    for (ImageSummary image : images) {
      String names = names(image.tags());
      String layers = String.valueOf(image.layers().size());
      if (disk) {
        listing.add(
            () -> values(image),
            names,
            image.shortId(),
            Text.bytes(image.size()),
            Text.bytes(image.shared()),
            Text.bytes(image.size() - image.shared()),
            layers,
            image.artifactType().orElse(""));
      } else {
        listing.add(
            () -> values(image),
            names,
            image.shortId(),
            image.created().map(created -> Text.ago(created, now)).orElse(""),
            Text.bytes(image.size()),
            layers,
            image.artifactType().orElse(""));
      }
    }
    listing.print(context.out(), arguments);
    if (disk && arguments.matchedOptionValue("--format", "table").equals("table")) {
      try (ImageStore store = ImageStore.open()) {
        DiskUse use = store.diskUse();
        context
            .out()
            .println(
                "all layers, each counted once: "
                    + Text.bytes(use.total())
                    + "; not needed by an image: "
                    + Text.bytes(use.unused()));
      }
    }
    return 0;
  }

  private static boolean isNamed(ImageSummary image, String pattern) {
    return image.tags().stream()
        .map(ImageReference::familiar)
        .anyMatch(name ->
            Filters.matches(pattern, name)
                || Filters.matches(pattern, name.replaceFirst(":[^:/]*$", "")));
  }

  private static String names(List<String> tags) {
    if (tags.isEmpty()) {
      return "<none>";
    }
    StringBuilder names = new StringBuilder();
    for (String tag : tags) {
      names.append(names.isEmpty() ? "" : ", ").append(ImageReference.familiar(tag));
    }
    return names.toString();
  }

  private static Map<String, @Nullable Object> values(ImageSummary image) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("id", image.id());
    values.put("manifestDigest", image.manifestDigest());
    values.put("tags", image.tags());
    values.put("created", image.created().orElse(null));
    values.put("pulled", image.pulled());
    values.put("sizeBytes", image.size());
    values.put("sharedBytes", image.shared());
    values.put("layers", image.layers());
    values.put("artifactType", image.artifactType().orElse(null));
    return values;
  }

  /** An image as a row of JSON. */
  public static Map<String, @Nullable Object> values(ImageRecord image) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("id", image.id());
    values.put("manifestDigest", image.manifestDigest());
    values.put("tags", image.tags());
    values.put("created", image.created().orElse(null));
    values.put("pulled", image.pulled());
    values.put("sizeBytes", image.size());
    values.put("layers", image.layers().stream().map(layer -> layer.diffId()).toList());
    values.put("artifactType", image.artifactType().orElse(null));
    return values;
  }
}
