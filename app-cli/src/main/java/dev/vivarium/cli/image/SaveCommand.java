package dev.vivarium.cli.image;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.SaveFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv save}. */
public final class SaveCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    Images.declareProgress(spec);
    option(spec, "FILE", "Where to write the archive.", "-o", "--output");
    option(
        spec,
        "FORMAT",
        "The archive's form: oci-archive or docker-archive (default: oci-archive).",
        "--format");
    parameters(spec, "0..*", "1..*", "IMAGE", "Names or ids.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws ImageException, CliException {
    String file = arguments.matchedOptionValue("-o", "");
    if (file.isEmpty()) {
      throw new CliException(CliException.USAGE, "save: no file; say where with -o FILE");
    }
    String form = arguments.matchedOptionValue("--format", "oci-archive");
    SaveFormat format =
        switch (form) {
          case "oci-archive" -> SaveFormat.OCI_ARCHIVE;
          case "docker-archive" -> SaveFormat.DOCKER_ARCHIVE;
          default ->
              throw new CliException(
                  CliException.USAGE,
                  "save: --format: unknown: "
                      + form
                      + "; there are oci-archive and docker-archive");
        };
    try (ImageStore store = ImageStore.open()) {
      List<ImageRecord> images = new ArrayList<>();
      for (String name : positionals(arguments)) {
        images.add(Images.stored(store, name));
      }
      Images.withProgress(
          arguments,
          context,
          progress -> {
            store.save(images, format, Path.of(file), progress);
            return file;
          });
    }
    return 0;
  }
}
