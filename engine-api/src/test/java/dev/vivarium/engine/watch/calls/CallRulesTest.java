package dev.vivarium.engine.watch.calls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.SandboxSpec.CallRule;
import org.junit.jupiter.api.Test;

class CallRulesTest {
  @Test
  void aRuleHasACallAndWhatBecomesOfIt() {
    assertEquals(new CallRule(101, "ptrace", 1), CallRules.parse("ptrace"));
    assertEquals(new CallRule(165, "mount", 38), CallRules.parse("mount:ENOSYS"));
    assertTrue(CallRules.parse("bpf:end").endsRun());
    for (String wrong : new String[] {"", "nothing", "mount:", "mount:EFOO", "mount:errno 77"}) {
      assertThrows(IllegalArgumentException.class, () -> CallRules.parse(wrong), wrong);
    }
  }
}
