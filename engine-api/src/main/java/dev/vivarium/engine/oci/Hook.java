package dev.vivarium.engine.oci;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that the container's manager wants to be run at some stage of its life.
 *
 * @param stage OCI's name of it
 * @param seconds after which it is ended; 0 for never
 */
record Hook(
    String stage, String path, List<String> arguments, List<String> environment, long seconds) {
  /** Those that run outside of the container, which vivarium-oci does. */
  private static final List<String> STAGES =
      List.of("prestart", "createRuntime", "createContainer", "poststart", "poststop");

  static List<Hook> read(Fields config) throws OciException {
    Fields hooks = config.object("hooks");
    if (!hooks.objects("startContainer").isEmpty()) {
      throw hooks.wrong("startContainer", "is not supported: it would run inside the container");
    }
    List<Hook> all = new ArrayList<>();
    for (String stage : STAGES) {
      for (Fields each : hooks.objects(stage)) {
        String path = each.absolute("path").orElseThrow(() -> each.wrong("path", "is missing"));
        long seconds = each.number("timeout", 1, Integer.MAX_VALUE, 1);
        all.add(
            new Hook(
                stage,
                path,
                each.texts("args"),
                each.texts("env"),
                each.has("timeout") ? seconds : 0));
      }
    }
    return all;
  }

  /**
   * All of them as vivarium-oci reads them: texts that end in a zero byte each; stage, path,
   * seconds, number of arguments, arguments, number of variables, variables.
   */
  static byte[] encode(List<Hook> hooks) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Hook hook : hooks) {
      put(out, hook.stage);
      put(out, hook.path);
      put(out, String.valueOf(hook.seconds));
      put(out, String.valueOf(hook.arguments.size()));
      hook.arguments.forEach(each -> put(out, each));
      put(out, String.valueOf(hook.environment.size()));
      hook.environment.forEach(each -> put(out, each));
    }
    return out.toByteArray();
  }

  private static void put(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    out.write(0);
  }
}
