package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.image.ImagesCommand;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.SpecJson;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.signature.VerifiedSignature;
import dev.vivarium.image.store.ImageConfig;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv inspect}. */
public final class InspectCommand extends Command {
  @Override
  public void declare(CommandSpec spec) {
    parameters(spec, "0..*", "1..*", "SANDBOX|IMAGE", "Names or ids; sandboxes come first.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, ImageException, IOException {
    List<Object> found = new ArrayList<>();
    int code = 0;
    for (String key : positionals(arguments)) {
      Optional<Map<String, @Nullable Object>> one = sandbox(key, context);
      if (one.isEmpty()) {
        one = image(key);
      }
      if (one.isPresent()) {
        found.add(one.get());
      } else {
        context.err().println("viv: no such sandbox or image: " + key);
        code = CliException.FAILED;
      }
    }
    context.out().println(Listing.json(found));
    return code;
  }

  private static Optional<Map<String, @Nullable Object>> sandbox(String key, Context context)
      throws CliException, IOException {
    Optional<SandboxState> state = context.sandboxes().find(key);
    if (state.isEmpty()) {
      return Optional.empty();
    }
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("schemaVersion", Listing.SCHEMA_VERSION);
    values.put("type", "sandbox");
    values.putAll(PsCommand.values(state.get()));
    Directories directories = context.directories();
    Entry entry = RunDirectory.of(directories, state.get().id());
    if (!entry.exists()) {
      entry = StateEntry.of(directories, state.get().id());
    }
    values.put("directory", entry.path());
    try {
      byte[] spec = SpecJson.write(entry.readSpec());
      values.put("spec", new Listing.Raw(new String(spec, StandardCharsets.UTF_8).strip()));
    } catch (IOException e) {
      // It failed before it had one.
      values.put("spec", null);
    }
    return Optional.of(values);
  }

  private static Optional<Map<String, @Nullable Object>> image(String key) throws ImageException {
    Optional<ImageRecord> image;
    List<VerifiedSignature> signatures = List.of();
    try (ImageStore store = ImageStore.open()) {
      image = store.find(key);
      if (image.isPresent()) {
        signatures = store.signatures(image.get().id());
      }
    } catch (ImageException e) {
      if (e.kind() == ImageException.Kind.BAD_REFERENCE) {
        return Optional.empty();
      }
      throw e;
    }
    if (image.isEmpty()) {
      return Optional.empty();
    }
    ImageConfig config = image.get().config();
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("schemaVersion", Listing.SCHEMA_VERSION);
    values.put("type", "image");
    values.putAll(ImagesCommand.values(image.get()));
    values.put("os", config.os());
    values.put("architecture", config.architecture());
    values.put("entrypoint", config.entrypoint());
    values.put("cmd", config.cmd());
    values.put("env", config.env());
    values.put("user", config.user());
    values.put("workingDir", config.workingDir());
    values.put("labels", config.labels());
    values.put("exposedPorts", config.exposedPorts());
    values.put("volumes", config.volumes());
    values.put("stopSignal", config.stopSignal().orElse(null));
    List<Object> verified = new ArrayList<>();
    for (VerifiedSignature signature : signatures) {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("digest", signature.digest());
      one.put("key", signature.key());
      one.put("format", signature.format());
      one.put("reference", signature.reference());
      verified.add(one);
    }
    values.put("verifiedSignatures", verified);
    return Optional.of(values);
  }
}
