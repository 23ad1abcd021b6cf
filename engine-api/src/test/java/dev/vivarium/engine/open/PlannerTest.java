package dev.vivarium.engine.open;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlannerTest {
  private static Detection of(Kind kind, boolean runnable, List<String> interpreter, String... in) {
    return new Detection(kind, "x/y", "", interpreter, List.of(in), runnable);
  }

  private static OpenPlan ready(Set<String> host, Detection what) {
    return assertInstanceOf(
            Planned.Ready.class, new Planner(host::contains, p -> Optional.empty()).plan(what))
        .plan();
  }

  @Test
  void whatThisMachineCanRunNeedsNoImage() {
    OpenPlan plan = ready(Set.of("/bin/bash"), of(Kind.SCRIPT, true, List.of("/bin/bash", "-e")));
    assertEquals("host", plan.image());
    assertEquals(List.of("/bin/bash", "-e", "{}"), plan.command());
    assertEquals(
        List.of("{}"), ready(Set.of("/l"), of(Kind.PROGRAM, true, List.of("/l"))).command());
    assertEquals("host", ready(Set.of("dpkg"), of(Kind.DEB, true, List.of())).image());
  }

  @Test
  void anotherPlaceOfTheSameInterpreterDoes() {
    OpenPlan plan =
        ready(Set.of("python3"), of(Kind.SCRIPT, true, List.of("/opt/py/python3", "-u")));
    assertEquals(List.of("python3", "-u", "{}"), plan.command());
  }

  @Test
  void whatIsNotHereComesFromAnImage() {
    assertEquals(
        "python:3-slim", ready(Set.of(), of(Kind.SCRIPT, true, List.of("python3"))).image());
    assertEquals(
        "alpine:latest",
        ready(Set.of(), of(Kind.PROGRAM, true, List.of("/lib/ld-musl-x86_64.so.1"))).image());
    assertEquals("fedora:latest", ready(Set.of(), of(Kind.RPM, true, List.of())).image());
    assertEquals("eclipse-temurin:21-jre", ready(Set.of(), of(Kind.JAR, true, List.of())).image());
  }

  @Test
  void anImageThatIsHereIsBetterThanOneToBeFetched() {
    Planner planner =
        new Planner(
            p -> false,
            p ->
                p.equals("python3") || p.equals("tclsh")
                    ? Optional.of("mine:1")
                    : Optional.empty());
    for (String program : List.of("python3", "tclsh")) {
      Planned planned = planner.plan(of(Kind.SCRIPT, true, List.of("/usr/bin/" + program)));
      assertEquals("mine:1", assertInstanceOf(Planned.Ready.class, planned).plan().image());
    }
    Planned other = planner.plan(of(Kind.RPM, true, List.of()));
    assertEquals("fedora:latest", assertInstanceOf(Planned.Ready.class, other).plan().image());
  }

  @Test
  void whatIsNotClearIsAsked() {
    for (Detection what :
        List.of(
            of(Kind.UNKNOWN, false, List.of()),
            of(Kind.PROGRAM, false, List.of()),
            of(Kind.LIBRARY, true, List.of()),
            of(Kind.JAR, false, List.of()),
            of(Kind.PDF, true, List.of()),
            of(Kind.SCRIPT, true, List.of("tclsh")))) {
      assertInstanceOf(
          Planned.Unsure.class,
          new Planner(p -> false, p -> Optional.empty()).plan(what),
          what.toString());
    }
    assertEquals("host", ready(Set.of("pdftotext"), of(Kind.PDF, true, List.of())).image());
  }

  @Test
  void anInstallerIsAWordOfTheCommandNeverPartOfAScript() {
    String hostile = "a/$(touch x)/install.sh";
    OpenPlan plan = ready(Set.of(), of(Kind.TAR, true, List.of(), hostile));
    assertEquals("sh", plan.command().get(0));
    assertTrue(plan.command().contains(hostile));
    assertTrue(!plan.command().get(2).contains("touch"), plan.command().get(2));
  }

  @Test
  void theFileIsCopiedAndItsNameIsAWord() {
    OpenPlan plan = OpenPlan.of("host", List.of("strings", "-a"));
    List<String> all = plan.arguments("f.bin", OpenPlan.HOME);
    assertEquals(
        List.of("/opened", "/root", "f.bin", "strings", "-a", "/root/f.bin"),
        all.subList(4, all.size()));
    assertEquals(List.of("strings", "-a", "/root/f.bin"), OpenPlan.wanted(all));
    List<String> other = List.of("/bin/sh", "-c", "exec \"$@\"", "open", "a", "b", "c", "d");
    assertEquals(other, OpenPlan.wanted(other));
    assertEquals(
        "grep f.bin 'a b'", OpenPlan.of("host", List.of("grep", "{}", "a b")).commandLine("f.bin"));
  }
}
