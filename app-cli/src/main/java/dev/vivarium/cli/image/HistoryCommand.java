package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.HistoryEntry;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.LayerRecord;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv history}. */
public final class HistoryCommand extends Command {
  private static final int WIDTH = 60;

  @Override
  public void declare(CommandSpec spec) {
    format(spec);
    flag(spec, "Do not shorten commands.", "--no-trunc");
    parameters(spec, "0", "1", "IMAGE", "A name or id.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    List<HistoryEntry> history;
    try (ImageStore store = ImageStore.open()) {
      ImageRecord image = Images.stored(store, positionals(arguments)[0]);
      history = store.history(image);
    }
    Listing listing = new Listing("CREATED", "CREATED BY", "SIZE", "COMMENT");
    Instant now = Instant.now();
    boolean whole = arguments.hasMatchedOption("--no-trunc");
    for (HistoryEntry entry : history.reversed()) {
      Map<String, @Nullable Object> values = new LinkedHashMap<>();
      values.put("created", entry.created().map(Instant::toString).orElse(null));
      values.put("createdBy", entry.createdBy());
      values.put("comment", entry.comment());
      values.put("layer", entry.layer().map(LayerRecord::diffId).orElse(null));
      values.put("size", entry.layer().map(LayerRecord::tarSize).orElse(0L));
      String by = entry.createdBy();
      listing.add(
          values,
          entry.created().map(created -> Text.ago(created, now)).orElse(""),
          whole || by.length() <= WIDTH ? by : by.substring(0, WIDTH - 1) + "…",
          entry.layer().map(layer -> Text.bytes(layer.tarSize())).orElse("0 B"),
          entry.comment());
    }
    listing.print(context.out(), arguments);
    return 0;
  }
}
