package dev.vivarium.engine.state;

import com.google.gson.stream.JsonWriter;
import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.SandboxSpec.CallRule;
import dev.vivarium.engine.SandboxSpec.Limits;
import dev.vivarium.engine.SandboxSpec.Machine;
import dev.vivarium.engine.SandboxSpec.Mount;
import dev.vivarium.engine.SandboxSpec.ProcessSpec;
import dev.vivarium.engine.SandboxSpec.Root;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code spec.json}: a {@link SandboxSpec} as JSON. */
public final class SpecJson {
  private static final int SCHEMA_VERSION = 1;

  private SpecJson() {}

  public static byte[] write(SandboxSpec spec) {
    return Json.write(out -> body(out, spec));
  }

  private static void body(JsonWriter out, SandboxSpec spec) throws IOException {
    out.name("schemaVersion").value(SCHEMA_VERSION);
    out.name("id").value(spec.id());
    out.name("name").value(spec.name());
    out.name("engine").value(spec.engine());
    if (spec.platform().isPresent()) {
      out.name("platform").value(spec.platform().get());
    }
    out.name("root").beginObject();
    if (spec.root() instanceof Root.Image image) {
      out.name("image").value(image.reference());
      Json.strings(out, "layers", image.layers());
    } else if (spec.root() instanceof Root.Directory directory) {
      out.name("directory").value(directory.path());
    } else {
      out.name("host").value(true);
    }
    out.endObject();
    process(out, spec.process());
    out.name("hostname").value(spec.hostname());
    out.name("mounts").beginArray();
    for (Mount mount : spec.mounts()) {
      out.beginObject();
      out.name("source").value(mount.source());
      out.name("target").value(mount.target());
      out.name("writable").value(mount.writable());
      out.endObject();
    }
    out.endArray();
    out.name("readOnlyRoot").value(spec.readOnlyRoot());
    out.name("limits").beginObject();
    out.name("memoryBytes").value(spec.limits().memoryBytes());
    out.name("cpus").value(spec.limits().cpus());
    out.name("pids").value(spec.limits().pids());
    out.name("files").value(spec.limits().files());
    out.name("diskBytes").value(spec.limits().diskBytes());
    out.endObject();
    if (spec.timeout().isPresent()) {
      out.name("timeoutMillis").value(spec.timeout().get().toMillis());
    }
    if (spec.traceFile().isPresent()) {
      out.name("traceFile").value(spec.traceFile().get());
    }
    if (spec.reportFile().isPresent()) {
      out.name("reportFile").value(spec.reportFile().get());
    }
    if (!spec.flags().isEmpty()) {
      Json.strings(out, "flags", spec.flags());
    }
    if (spec.allowDegraded()) {
      out.name("allowDegraded").value(true);
    }
    if (!spec.network().isNone()) {
      NetworkJson.write(out, spec.network());
    }
    out.name("calls").beginArray();
    for (CallRule rule : spec.calls()) {
      out.beginObject();
      out.name("number").value(rule.number());
      out.name("name").value(rule.name());
      out.name("errno").value(rule.errno());
      out.endObject();
    }
    out.endArray();
    if (!spec.machine().isUsual()) {
      machine(out, spec.machine());
    }
  }

  private static void machine(JsonWriter out, Machine machine) throws IOException {
    out.name("machine").beginObject();
    if (machine.vmm().isPresent()) {
      out.name("vmm").value(machine.vmm().get());
    }
    if (machine.kernel().isPresent()) {
      out.name("kernel").value(machine.kernel().get());
    }
    out.name("kernelArguments").value(machine.kernelArguments());
    out.name("diskBytes").value(machine.diskBytes());
    if (machine.share().isPresent()) {
      out.name("share").value(machine.share().get());
    }
    out.endObject();
  }

  private static Machine machine(Json.Node in) throws IOException {
    return new Machine(
        in.optional("vmm"),
        in.optional("kernel"),
        in.string("kernelArguments"),
        in.number("diskBytes"),
        in.optional("share"));
  }

  private static void process(JsonWriter out, ProcessSpec process) throws IOException {
    out.name("process").beginObject();
    Json.strings(out, "arguments", process.arguments());
    out.name("environment").beginObject();
    for (Map.Entry<String, String> entry : process.environment().entrySet()) {
      out.name(entry.getKey()).value(entry.getValue());
    }
    out.endObject();
    out.name("workingDirectory").value(process.workingDirectory());
    out.name("user").value(process.user());
    out.name("terminal").value(process.terminal());
    out.name("stdin").value(process.stdin());
    out.endObject();
  }

  /**
   * Reads it back.
   *
   * @throws IOException saying what is wrong with it
   */
  public static SandboxSpec read(byte[] json) throws IOException {
    Json.Node in = Json.read(json);
    if (in.number("schemaVersion") != SCHEMA_VERSION) {
      throw new IOException("it was written by another version of Vivarium");
    }
    Json.Node root = in.node("root");
    Json.Node process = in.node("process");
    Json.Node limits = in.node("limits");
    List<Mount> mounts = new ArrayList<>();
    for (Json.Node mount : in.nodes("mounts")) {
      mounts.add(new Mount(mount.string("source"), mount.string("target"), mount.bool("writable")));
    }
    List<CallRule> calls = new ArrayList<>();
    for (Json.Node rule : in.has("calls") ? in.nodes("calls") : List.<Json.Node>of()) {
      calls.add(
          new CallRule(
              Math.toIntExact(rule.number("number")),
              rule.string("name"),
              Math.toIntExact(rule.number("errno"))));
    }
    return new SandboxSpec(
        in.string("id"),
        in.string("name"),
        in.string("engine"),
        in.optional("platform"),
        root.has("host")
            ? new Root.Host()
            : root.has("directory")
                ? new Root.Directory(
                    root.string("directory"), List.of(), List.of(), List.of(), Map.of())
                : new Root.Image(root.string("image"), root.strings("layers")),
        new ProcessSpec(
            process.strings("arguments"),
            process.stringMap("environment"),
            process.string("workingDirectory"),
            process.string("user"),
            process.bool("terminal"),
            process.bool("stdin")),
        in.string("hostname"),
        mounts,
        in.bool("readOnlyRoot"),
        new Limits(
            limits.number("memoryBytes"),
            limits.real("cpus"),
            Math.toIntExact(limits.number("pids")),
            limits.has("files") ? Math.toIntExact(limits.number("files")) : 0,
            limits.has("diskBytes") ? limits.number("diskBytes") : 0),
        in.has("timeoutMillis")
            ? Optional.of(Duration.ofMillis(in.number("timeoutMillis")))
            : Optional.empty(),
        in.optional("traceFile"),
        in.has("network") ? NetworkJson.read(in.node("network")) : NetworkSpec.NONE,
        in.optional("reportFile"),
        calls,
        in.has("machine") ? machine(in.node("machine")) : Machine.USUAL,
        in.has("allowDegraded") && in.bool("allowDegraded"),
        in.has("flags") ? in.strings("flags") : List.of());
  }
}
