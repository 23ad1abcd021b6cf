package dev.vivarium.engine.state;

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
import tools.jackson.core.JsonGenerator;

/** {@code spec.json}: a {@link SandboxSpec} as JSON. */
public final class SpecJson {
  private static final int SCHEMA_VERSION = 1;

  private SpecJson() {}

  public static byte[] write(SandboxSpec spec) {
    return Json.write(out -> body(out, spec));
  }

  private static void body(JsonGenerator out, SandboxSpec spec) {
    out.writeNumberProperty("schemaVersion", SCHEMA_VERSION);
    out.writeStringProperty("id", spec.id());
    out.writeStringProperty("name", spec.name());
    out.writeStringProperty("engine", spec.engine());
    if (spec.platform().isPresent()) {
      out.writeStringProperty("platform", spec.platform().get());
    }
    out.writeObjectPropertyStart("root");
    if (spec.root() instanceof Root.Image image) {
      out.writeStringProperty("image", image.reference());
      Json.strings(out, "layers", image.layers());
    } else if (spec.root() instanceof Root.Directory directory) {
      out.writeStringProperty("directory", directory.path());
    } else {
      out.writeBooleanProperty("host", true);
    }
    out.writeEndObject();
    process(out, spec.process());
    out.writeStringProperty("hostname", spec.hostname());
    out.writeArrayPropertyStart("mounts");
    for (Mount mount : spec.mounts()) {
      out.writeStartObject();
      out.writeStringProperty("source", mount.source());
      out.writeStringProperty("target", mount.target());
      out.writeBooleanProperty("writable", mount.writable());
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeBooleanProperty("readOnlyRoot", spec.readOnlyRoot());
    out.writeObjectPropertyStart("limits");
    out.writeNumberProperty("memoryBytes", spec.limits().memoryBytes());
    out.writeNumberProperty("cpus", spec.limits().cpus());
    out.writeNumberProperty("pids", spec.limits().pids());
    out.writeNumberProperty("files", spec.limits().files());
    out.writeNumberProperty("diskBytes", spec.limits().diskBytes());
    out.writeEndObject();
    if (spec.timeout().isPresent()) {
      out.writeNumberProperty("timeoutMillis", spec.timeout().get().toMillis());
    }
    if (spec.traceFile().isPresent()) {
      out.writeStringProperty("traceFile", spec.traceFile().get());
    }
    if (spec.reportFile().isPresent()) {
      out.writeStringProperty("reportFile", spec.reportFile().get());
    }
    if (!spec.flags().isEmpty()) {
      Json.strings(out, "flags", spec.flags());
    }
    if (spec.allowDegraded()) {
      out.writeBooleanProperty("allowDegraded", true);
    }
    if (!spec.network().isNone()) {
      NetworkJson.write(out, spec.network());
    }
    out.writeArrayPropertyStart("calls");
    for (CallRule rule : spec.calls()) {
      out.writeStartObject();
      out.writeNumberProperty("number", rule.number());
      out.writeStringProperty("name", rule.name());
      out.writeNumberProperty("errno", rule.errno());
      out.writeEndObject();
    }
    out.writeEndArray();
    if (!spec.machine().isUsual()) {
      machine(out, spec.machine());
    }
  }

  private static void machine(JsonGenerator out, Machine machine) {
    out.writeObjectPropertyStart("machine");
    machine.vmm().ifPresent(vmm -> out.writeStringProperty("vmm", vmm));
    machine.kernel().ifPresent(kernel -> out.writeStringProperty("kernel", kernel));
    out.writeStringProperty("kernelArguments", machine.kernelArguments());
    out.writeNumberProperty("diskBytes", machine.diskBytes());
    out.writeEndObject();
  }

  private static Machine machine(Json.Node in) throws IOException {
    return new Machine(
        in.optional("vmm"),
        in.optional("kernel"),
        in.string("kernelArguments"),
        in.number("diskBytes"));
  }

  private static void process(JsonGenerator out, ProcessSpec process) {
    out.writeObjectPropertyStart("process");
    Json.strings(out, "arguments", process.arguments());
    out.writeObjectPropertyStart("environment");
    for (Map.Entry<String, String> entry : process.environment().entrySet()) {
      out.writeStringProperty(entry.getKey(), entry.getValue());
    }
    out.writeEndObject();
    out.writeStringProperty("workingDirectory", process.workingDirectory());
    out.writeStringProperty("user", process.user());
    out.writeBooleanProperty("terminal", process.terminal());
    out.writeBooleanProperty("stdin", process.stdin());
    out.writeEndObject();
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
