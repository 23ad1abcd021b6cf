package dev.vivarium.engine.watch.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the evidence comes to. */
final class Verdicts {
  private record Rule(String of, String level, String attempted, String title, String why) {}

  private static final List<Rule> RULES =
      List.of(
          new Rule(
              "persistence",
              "high",
              "medium",
              "Tried to stay: it touched what would run it again",
              "Programs that come back by themselves after a restart or a login write to these"
                  + " places."),
          new Rule(
              "accounts",
              "high",
              "medium",
              "Changed who may log in or become root",
              "Only installers and administrators' tools have business in these files."),
          new Rule(
              "setuid-file",
              "high",
              "medium",
              "Made files that give their caller another user's rights",
              "Setuid bits and file capabilities are how rights are kept for later."),
          new Rule(
              "kernel-files",
              "high",
              "medium",
              "Reached for the kernel, raw memory, disks or devices",
              "Ordinary programs have no use for these files."),
          new Rule(
              "privilege",
              "medium",
              "medium",
              "Used calls or programs that are for getting or using higher rights",
              "Debuggers, container tools and package managers do this; few others should."),
          new Rule(
              "secrets",
              "medium",
              "low",
              "Reached for keys, passwords or what is stored by other programs",
              "What it reads here it could send elsewhere, if it has a network."),
          new Rule(
              "network-refused",
              "medium",
              "medium",
              "Tried network connections that the policy refused",
              "It wanted to speak with hosts that it was not given."),
          new Rule(
              "exec-tmp",
              "medium",
              "medium",
              "Ran programs out of a temporary place",
              "Droppers put a program there and run it; compilers' tests do so too."),
          new Rule(
              "limit",
              "medium",
              "medium",
              "Reached a limit of the sandbox",
              "It was stopped from using more than it was given."),
          new Rule(
              "policy", "medium", "medium", "Did what its policy refuses", "The policy names it."),
          new Rule(
              "unusual",
              "low",
              "low",
              "Made system calls that few programs make",
              "Each has honest uses; together with others they tell something."),
          new Rule(
              "identity",
              "low",
              "low",
              "Changed its user, groups or capabilities",
              "Servers do so to give rights up."),
          new Rule(
              "kill",
              "low",
              "low",
              "Sent signals to other processes",
              "Shells and supervisors do."),
          new Rule(
              "writable-code",
              "low",
              "low",
              "Has memory that it may write and execute at once",
              "Just-in-time compilers do; so does code that unpacks itself."),
          new Rule("crash", "low", "low", "A process crashed", "It may have been stopped halfway."),
          new Rule(
              "denied",
              "info",
              "info",
              "Was denied access to files",
              "It asked for more than its user may."));

  private static final List<String> LEVELS = List.of("high", "medium", "low", "info");

  private static final int MEDIUM = 1;

  private Verdicts() {}

  /** The verdicts, the worst first. */
  static List<Map<String, @Nullable Object>> of(ReportCollector seen, List<String> flags) {
    List<Map<String, @Nullable Object>> verdicts = new ArrayList<>();
    for (Rule rule : RULES) {
      Evidence e = seen.evidence.get(rule.of);
      if (e != null && !e.isEmpty()) {
        String level = e.succeeded() ? rule.level : rule.attempted;
        verdicts.add(
            verdict(
                rule.of,
                level,
                rule.title,
                rule.why + (e.succeeded() ? "" : " None of it succeeded."),
                e.count(),
                e.first()));
      }
    }
    contacted(seen, verdicts);
    if (!flags.isEmpty()) {
      verdicts.forEach(v -> weigh(v, flags));
    }
    verdicts.sort((a, b) ->
        LEVELS.indexOf(String.valueOf(a.get("level")))
            - LEVELS.indexOf(String.valueOf(b.get("level"))));
    return verdicts;
  }

  /** Somebody has said what matters: that is never small, and nothing else is more than a note. */
  private static void weigh(Map<String, @Nullable Object> verdict, List<String> flags) {
    boolean flagged = flags.contains(String.valueOf(verdict.get("id")));
    String level = String.valueOf(verdict.get("level"));
    verdict.put(
        "level", !flagged ? "info" : LEVELS.indexOf(level) > MEDIUM ? LEVELS.get(MEDIUM) : level);
    verdict.put("flagged", flagged);
  }

  /** The findings that somebody said matter. */
  static List<String> flagged(List<Map<String, @Nullable Object>> verdicts) {
    return verdicts.stream()
        .filter(v -> Boolean.TRUE.equals(v.get("flagged")))
        .map(v -> String.valueOf(v.get("id")))
        .toList();
  }

  private static void contacted(
      ReportCollector seen, List<Map<String, @Nullable Object>> verdicts) {
    List<Map<String, @Nullable Object>> first = new ArrayList<>();
    long count = 0;
    List<Map<String, @Nullable Object>> listening = new ArrayList<>();
    for (Map.Entry<ReportCollector.Endpoint, ReportCollector.EndpointUse> e :
        seen.places().entrySet()) {
      ReportCollector.Endpoint at = e.getKey();
      boolean outside =
          !at.protocol().equals("unix") && !at.address().matches("127\\..*|::1?|0\\.0\\.0\\.0|");
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("timeNanos", e.getValue().firstNanos);
      one.put("pid", e.getValue().firstPid);
      one.put(
          "what",
          at.action()
              + " "
              + at.protocol()
              + " "
              + (at.name().isEmpty() ? at.address() : at.name())
              + (at.port() == 0 ? "" : " port " + at.port())
              + ": "
              + e.getValue().outcome);
      one.put("succeeded", e.getValue().failures == 0 && !e.getValue().refused);
      if (outside && at.action().matches("connect|sendto|send|resolve")) {
        count += e.getValue().times;
        if (first.size() < 12) {
          first.add(one);
        }
      } else if (at.action().matches("bind|listen")
          && !at.protocol().equals("unix")
          && at.port() != 0) {
        listening.add(one);
      }
    }
    if (count > 0) {
      verdicts.add(
          verdict(
              "contacted",
              "low",
              "Spoke, or tried to speak, with hosts outside",
              "See the list of hosts for who and how much.",
              count,
              first));
    }
    if (!listening.isEmpty()) {
      verdicts.add(
          verdict(
              "listening",
              "low",
              "Opened ports",
              "Others could connect to it there.",
              listening.size(),
              listening.subList(0, Math.min(12, listening.size()))));
    }
  }

  private static Map<String, @Nullable Object> verdict(
      String id,
      String level,
      String title,
      String why,
      long count,
      List<Map<String, @Nullable Object>> evidence) {
    Map<String, @Nullable Object> v = new LinkedHashMap<>();
    v.put("id", id);
    v.put("level", level);
    v.put("title", title);
    v.put("explanation", why);
    v.put("count", count);
    v.put("evidence", evidence);
    return v;
  }

  /** The worst level there is; "info" if there is nothing. */
  static String worst(List<Map<String, @Nullable Object>> verdicts) {
    return verdicts.isEmpty() ? "info" : String.valueOf(verdicts.getFirst().get("level"));
  }
}
