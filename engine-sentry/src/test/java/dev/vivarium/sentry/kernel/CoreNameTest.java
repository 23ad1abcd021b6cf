package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.sentry.abi.Resource;
import org.junit.jupiter.api.Test;

class CoreNameTest {
  private final TaskWorld world = new TaskWorld();
  private final ThreadGroup group = world.fork(world.init);
  private final Task t = world.addThread(group);

  private String name(String pattern) {
    t.comm = "some/name";
    world.kernel.corePattern = pattern;
    return CoreName.of(t, 11);
  }

  @Test
  void thePatternIsFilledIn() {
    int pid = group.pid();
    int tid = t.tid();
    group.rlimits.set(Resource.RLIMIT_CORE, -1, -1);
    assertEquals("core", name("core"));
    assertEquals("/tmp/" + pid + "." + tid + ".11.1000.1000", name("/tmp/%p.%i.%s.%u.%g"));
    assertEquals("18446744073709551615.vivarium.1%", name("%c.%h.%d%%"));
    assertEquals("x", name("x%q%"));
  }

  @Test
  void aNameCannotLeaveTheFolder() {
    assertEquals("some!name", name("%e"));
    t.comm = "..";
    world.kernel.corePattern = "/cores/%e";
    assertEquals("/cores/!.", CoreName.of(t, 11));
  }

  @Test
  void aProgramOrNothingInTheirPlaceIsNoName() {
    assertEquals("", name("|/bin/program %p"));
    assertEquals("", name(""));
  }

  @Test
  void theProcessIsToldApartWhereThatIsWanted() {
    world.kernel.coreUsesPid = true;
    assertEquals("core." + group.pid(), name("core"));
    assertEquals("a." + group.pid(), name("a.%p"));
  }
}
