package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.image.ImagesCommand;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Template;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.Json;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.state.SpecJson;
import dev.vivarium.engine.state.StateEntry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.signature.VerifiedSignature;
import dev.vivarium.image.store.ArtifactBlob;
import dev.vivarium.image.store.ImageConfig;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import java.io.IOException;
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
    option(
        spec,
        "TEMPLATE",
        "Print this for each instead, such as {{.status}} or {{json .spec}}.",
        "-f",
        "--format",
        "--template");
    parameters(spec, "0..*", "1..*", "SANDBOX|IMAGE", "Names or ids; sandboxes come first.");
  }

  @Override
  public int run(ParseResult arguments, Context context)
      throws CliException, ImageException, IOException {
    List<Map<String, @Nullable Object>> found = new ArrayList<>();
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
    String template = arguments.matchedOptionValue("-f", "json");
    if (template.equals("json")) {
      context.out().println(Listing.json(found));
    } else {
      for (Map<String, @Nullable Object> one : found) {
        context.out().println(new Template(template).fill(one));
      }
    }
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
      byte[] spec = SpecJson.write(Entry.specOf(directories, state.get().id()));
      values.put("spec", Json.object(spec));
    } catch (IOException e) {
      // It failed before it had one.
      values.put("spec", null);
    }
    return Optional.of(values);
  }

  private static Optional<Map<String, @Nullable Object>> image(String key) throws ImageException {
    Optional<ImageRecord> image;
    List<VerifiedSignature> signatures = List.of();
    List<ArtifactBlob> blobs = List.of();
    try (ImageStore store = ImageStore.open()) {
      image = store.find(key);
      if (image.isPresent()) {
        signatures = store.signatures(image.get().id());
        if (image.get().artifactType().isPresent()) {
          blobs = store.blobs(image.get());
        }
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
    values.put("type", image.get().artifactType().isPresent() ? "artifact" : "image");
    values.putAll(ImagesCommand.values(image.get()));
    if (image.get().artifactType().isPresent()) {
      values.put("blobs", blobs.stream().map(InspectCommand::values).toList());
      values.put("verifiedSignatures", values(signatures));
      return Optional.of(values);
    }
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
    values.put("verifiedSignatures", values(signatures));
    return Optional.of(values);
  }

  private static Map<String, @Nullable Object> values(ArtifactBlob blob) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("mediaType", blob.mediaType());
    values.put("digest", blob.digest());
    values.put("sizeBytes", blob.size());
    values.put("title", blob.title().orElse(null));
    values.put("file", blob.file());
    return values;
  }

  private static List<Object> values(List<VerifiedSignature> signatures) {
    List<Object> verified = new ArrayList<>();
    for (VerifiedSignature signature : signatures) {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("digest", signature.digest());
      one.put("key", signature.keyless() ? null : signature.key());
      one.put("format", signature.format());
      one.put("reference", signature.reference());
      if (signature.keyless()) {
        one.put("identity", signature.identity());
        one.put("issuer", signature.issuer());
        one.put("trustRoot", signature.key());
      }
      verified.add(one);
    }
    return verified;
  }
}
