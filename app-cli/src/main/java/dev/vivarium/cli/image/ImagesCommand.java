package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
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
    format(spec);
    flag(spec, "Print only ids.", "-q", "--quiet");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    List<ImageRecord> images;
    try (ImageStore store = ImageStore.open()) {
      images = store.list();
    }
    if (arguments.hasMatchedOption("-q")) {
      images.forEach(image -> context.out().println(image.shortId()));
      return 0;
    }
    Listing listing = new Listing("IMAGE", "ID", "CREATED", "SIZE", "LAYERS");
    Instant now = Instant.now();
    for (ImageRecord image : images) {
      Map<String, @Nullable Object> values = values(image);
      List<String> tags = image.tags().isEmpty() ? List.of("<none>") : image.tags();
      listing.add(
          values,
          String.join(", ", tags.stream().map(ImagesCommand::familiar).toList()),
          image.shortId(),
          image.created().map(created -> Text.ago(created, now)).orElse(""),
          Text.bytes(image.size()),
          String.valueOf(image.layers().size()));
    }
    listing.print(context.out(), arguments);
    return 0;
  }

  private static String familiar(String tag) {
    try {
      return ImageReference.parse(tag).familiar();
    } catch (ImageException e) {
      return tag;
    }
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
    return values;
  }
}
