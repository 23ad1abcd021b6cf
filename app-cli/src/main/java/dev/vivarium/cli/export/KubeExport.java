package dev.vivarium.cli.export;

import dev.vivarium.profiles.Field;
import dev.vivarium.profiles.network.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A workload as Kubernetes objects: RuntimeClass, Pod or Job, NetworkPolicy, ResourceQuota. */
final class KubeExport {
  private static final String HANDLER = "vivarium";

  /** What the sentry and its helpers take besides the guest's memory. */
  private static final String OVERHEAD = "160Mi";

  private static final List<String> NOT_PUBLIC_4 =
      List.of(
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "224.0.0.0/3");
  private static final List<String> NOT_PUBLIC_6 = List.of("::1/128", "fc00::/7", "fe80::/10");
  private static final String ONLY_ADDRESSES =
      "a NetworkPolicy knows addresses only; the profile does it on nodes that have it"
          + " (annotation dev.vivarium.profile)";

  private final Workload workload;
  private final boolean job;
  private final Map<String, String> environment;
  private final Notes notes = new Notes();

  KubeExport(Workload workload, boolean job, Map<String, String> environment) {
    this.workload = workload;
    this.job = job;
    this.environment = environment;
  }

  String write() {
    List<Map<String, Object>> all = new ArrayList<>();
    all.add(runtimeClass());
    all.add(job ? job() : pod());
    all.add(networkPolicy());
    quota(all);
    lost();
    return notes.comments() + Yaml.write(all);
  }

  private static Map<String, Object> object(String version, String kind, String name) {
    Map<String, Object> o = new LinkedHashMap<>();
    o.put("apiVersion", version);
    o.put("kind", kind);
    o.put("metadata", map("name", name));
    return o;
  }

  /** Names and values in turn. */
  static Map<String, Object> map(Object... words) {
    Map<String, Object> m = new LinkedHashMap<>();
    for (int i = 0; i < words.length; i += 2) {
      m.put((String) words[i], words[i + 1]);
    }
    return m;
  }

  private static Map<String, Object> runtimeClass() {
    Map<String, Object> c = object("node.k8s.io/v1", "RuntimeClass", HANDLER);
    c.put("handler", HANDLER);
    c.put("overhead", map("podFixed", map("memory", OVERHEAD)));
    return c;
  }

  private Map<String, Object> labels() {
    return map("app.kubernetes.io/name", workload.name());
  }

  private Map<String, Object> metadata() {
    Map<String, Object> annotations = new LinkedHashMap<>();
    workload.profile().ifPresent(p -> annotations.put("dev.vivarium.profile", p));
    workload.text(Field.PLATFORM).ifPresent(p -> annotations.put("dev.vivarium.platform", p));
    workload.text(Field.DESCRIPTION).ifPresent(d -> annotations.put("description", d));
    if (workload.has(Field.RATE)) {
      String rate = String.valueOf(workload.number(Field.RATE));
      annotations.put("kubernetes.io/ingress-bandwidth", rate);
      annotations.put("kubernetes.io/egress-bandwidth", rate);
    }
    Map<String, Object> m = map("name", workload.name(), "labels", labels());
    if (!annotations.isEmpty()) {
      m.put("annotations", annotations);
    }
    return m;
  }

  private Map<String, Object> pod() {
    Map<String, Object> p = object("v1", "Pod", workload.name());
    p.put("metadata", metadata());
    p.put("spec", podSpec(true));
    return p;
  }

  private Map<String, Object> job() {
    Map<String, Object> j = object("batch/v1", "Job", workload.name());
    j.put("metadata", metadata());
    Map<String, Object> spec = map("backoffLimit", 0);
    if (workload.has(Field.TIME)) {
      spec.put("activeDeadlineSeconds", workload.number(Field.TIME));
    }
    Map<String, Object> inner = metadata();
    inner.remove("name");
    spec.put("template", map("metadata", inner, "spec", podSpec(false)));
    j.put("spec", spec);
    return j;
  }

  private Map<String, Object> podSpec(boolean deadline) {
    Map<String, Object> s = new LinkedHashMap<>();
    s.put("runtimeClassName", HANDLER);
    s.put("restartPolicy", "Never");
    s.put("automountServiceAccountToken", false);
    s.put("enableServiceLinks", false);
    if (deadline && workload.has(Field.TIME)) {
      s.put("activeDeadlineSeconds", workload.number(Field.TIME));
    }
    workload
        .text(Field.HOSTNAME)
        .map(h -> h.toLowerCase(Locale.ROOT))
        .filter(h -> h.matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"))
        .ifPresentOrElse(
            h -> s.put("hostname", h),
            () -> notes.lost(workload, Field.HOSTNAME, "not a DNS label"));
    workload
        .numericUser()
        .ifPresentOrElse(
            u -> {
              Map<String, Object> context = map("runAsUser", Long.parseLong(u[0]));
              if (u.length > 1) {
                context.put("runAsGroup", Long.parseLong(u[1]));
              }
              s.put("securityContext", context);
            },
            () -> notes.lost(workload, Field.USER, "Kubernetes knows numbers only"));
    Map<String, Object> container = container();
    List<Object> volumes = new ArrayList<>();
    List<Object> places = new ArrayList<>();
    for (String[] m : workload.mounts(environment)) {
      String name = "mount-" + volumes.size();
      volumes.add(map("name", name, "hostPath", map("path", m[0])));
      places.add(map("name", name, "mountPath", m[1], "readOnly", m[2].equals("ro")));
    }
    if (!volumes.isEmpty()) {
      container.put("volumeMounts", places);
      s.put("volumes", volumes);
    }
    s.put("containers", List.of(container));
    return s;
  }

  private Map<String, Object> container() {
    Map<String, Object> c = map("name", workload.name(), "image", workload.image());
    if (!workload.command().isEmpty()) {
      c.put("command", workload.command());
    }
    workload.text(Field.WORKDIR).ifPresent(w -> c.put("workingDir", w));
    List<Object> env = new ArrayList<>();
    workload.environment().forEach((name, value) -> env.add(map("name", name, "value", value)));
    if (!env.isEmpty()) {
      c.put("env", env);
    }
    List<Object> ports = new ArrayList<>();
    for (String[] p : workload.ports()) {
      Map<String, Object> port =
          map(
              "containerPort",
              Integer.parseInt(p[2]),
              "hostPort",
              Integer.parseInt(p[1]),
              "protocol",
              p[3].toUpperCase(Locale.ROOT));
      if (!p[0].isEmpty()) {
        port.put("hostIP", p[0]);
      }
      ports.add(port);
    }
    if (!ports.isEmpty()) {
      c.put("ports", ports);
    }
    Map<String, Object> limits = limits("");
    if (!limits.isEmpty()) {
      c.put("resources", map("limits", limits));
    }
    c.put(
        "securityContext",
        map(
            "allowPrivilegeEscalation",
            false,
            "readOnlyRootFilesystem",
            workload.text(Field.READ_ONLY).filter("true"::equals).isPresent()));
    return c;
  }

  private Map<String, Object> limits(String prefix) {
    Map<String, Object> limits = new LinkedHashMap<>();
    workload.text(Field.CPUS).ifPresent(c -> limits.put(prefix + "cpu", c));
    workload.text(Field.MEMORY).ifPresent(m -> limits.put(prefix + "memory", m));
    return limits;
  }

  private void quota(List<Map<String, Object>> all) {
    Map<String, Object> hard = map("pods", "1");
    limits("limits.").forEach(hard::put);
    // What the RuntimeClass adds counts too.
    workload
        .text(Field.MEMORY)
        .ifPresent(
            m -> hard.put("limits.memory", String.valueOf(Long.parseLong(m) + (160L << 20))));
    Map<String, Object> q = object("v1", "ResourceQuota", workload.name());
    q.put("spec", map("hard", hard));
    all.add(q);
  }

  private Map<String, Object> networkPolicy() {
    Map<String, Object> n = object("networking.k8s.io/v1", "NetworkPolicy", workload.name());
    List<Object> in = new ArrayList<>();
    List<Object> ports = new ArrayList<>();
    for (String[] p : workload.ports()) {
      ports.add(map("port", Integer.parseInt(p[2]), "protocol", p[3].toUpperCase(Locale.ROOT)));
    }
    if (!ports.isEmpty()) {
      in.add(map("ports", ports));
    }
    n.put(
        "spec",
        map(
            "podSelector",
            map("matchLabels", labels()),
            "policyTypes",
            List.of("Ingress", "Egress"),
            "ingress",
            in,
            "egress",
            egress()));
    return n;
  }

  private List<Object> egress() {
    List<Object> out = new ArrayList<>();
    if (workload.network().equals("none")) {
      return out;
    }
    out.add(
        map(
            "to",
            List.of(
                map(
                    "namespaceSelector",
                    map("matchLabels", map("kubernetes.io/metadata.name", "kube-system")))),
            "ports",
            List.of(map("port", 53, "protocol", "UDP"), map("port", 53, "protocol", "TCP"))));
    if (workload.network().equals("full")) {
      out.add(map("to", anyone()));
    }
    for (String text : workload.list(Field.ALLOW)) {
      Rule rule = Rule.parse(text);
      switch (rule.target()) {
        case Rule.Addresses a ->
            out.add(
                map("to", List.of(map("ipBlock", map("cidr", cidr(text)))), "ports", ports(rule)));
        case Rule.Anyone _ -> out.add(map("to", anyone(), "ports", ports(rule)));
        case Rule.Name _ -> {
          notes.lost(Field.ALLOW, text, ONLY_ADDRESSES);
          // Too much rather than nothing: the profile narrows it.
          out.add(map("to", anyone(), "ports", ports(rule)));
        }
        case Rule.HostLoopback _ ->
            notes.lost(Field.ALLOW, text, "a node's own loopback cannot be reached from a pod");
      }
    }
    return out;
  }

  private static List<Object> anyone() {
    return List.of(
        map("ipBlock", map("cidr", "0.0.0.0/0", "except", NOT_PUBLIC_4)),
        map("ipBlock", map("cidr", "::/0", "except", NOT_PUBLIC_6)));
  }

  private static String cidr(String rule) {
    String host =
        rule.startsWith("[")
            ? rule.substring(1, rule.indexOf(']'))
            : rule.replaceFirst("/(tcp|udp)$", "").replaceFirst("^([^:]*):[^:]*$", "$1");
    return host.indexOf('/') >= 0 ? host : host + (host.indexOf(':') >= 0 ? "/128" : "/32");
  }

  private static List<Object> ports(Rule rule) {
    List<Object> ports = new ArrayList<>();
    for (String protocol : List.of("TCP", "UDP")) {
      if (protocol.equals("TCP") ? rule.tcp() : rule.udp()) {
        Map<String, Object> port = map("protocol", protocol);
        if (rule.firstPort() != 1 || rule.lastPort() != 65_535) {
          port.put("port", rule.firstPort());
          if (rule.lastPort() != rule.firstPort()) {
            port.put("endPort", rule.lastPort());
          }
        }
        ports.add(port);
      }
    }
    return ports;
  }

  private void lost() {
    notes.lostEverywhere(workload);
    if (workload.text(Field.ENGINE).filter("microvm"::equals).isPresent()) {
      notes.lost(workload, Field.ENGINE, "the RuntimeClass runs the sentry; see Kata Containers");
    }
    notes.lost(workload, Field.JOIN, "pods of a namespace find each other by Services");
    notes.lost(workload, Field.LATENCY, "Kubernetes has no word for it");
    notes.lost(workload, Field.LOSS, "Kubernetes has no word for it");
    notes.lost(workload, Field.PIDS, "a kubelet's podPidsLimit holds for all pods of a node");
    notes.lost(workload, Field.FILES, "Kubernetes has no ulimits");
    notes.lost(workload, Field.DENY, "it needs a seccomp profile on each node");
    notes.lost(workload, Field.PASS, "a pod has no environment to take it from; use a Secret");
  }
}
