package dev.vivarium.sentry.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Which instructions may run in another place, and what is known of patched sites. */
class PatcherTest {
  private static int movable(String bytes) {
    byte[] code = HexFormat.of().parseHex(bytes + "90".repeat(16));
    return Patcher.movable(code, 0);
  }

  @Test
  void whatFollowsASystemCallInLibrariesCanBeMoved() {
    assertEquals(6, movable("483d00f0ffff")); // cmp $-4096, %rax (glibc)
    assertEquals(6, movable("483d01f0ffff")); // cmp $-4095, %rax (glibc, Go)
    assertEquals(5, movable("3d00f0ffff")); // cmp $-4096, %eax
    assertEquals(3, movable("4889c7")); // mov %rax, %rdi (musl)
    assertEquals(4, movable("4883f8ff")); // cmp $-1, %rax
    assertEquals(5, movable("4889442408")); // mov %rax, 8(%rsp)
    assertEquals(8, movable("48898424")); // mov %rax, x(%rsp), with four bytes of distance
  }

  @Test
  void whatDependsOnItsPlaceStays() {
    assertTrue(movable("488905") < 3); // mov %rax, x(%rip)
    assertTrue(movable("488b0425") < 3); // mov x, %rax
    assertEquals(0, movable("7710")); // ja
    assertEquals(0, movable("e800000000")); // call
    assertEquals(0, movable("e900000000")); // jmp
    assertEquals(0, movable("c3")); // ret: too short, what follows may be another function
    assertEquals(2, movable("89c2")); // mov %eax, %edx: too short as well
  }

  @Test
  void aRangeThatGoesTakesItsSitesAndTrampolinesAlong() {
    CallSites sites = new CallSites();
    sites.addArea(0x10000, 0x20000);
    sites.add(0x401000, 0x10016);
    sites.add(0x402000, 0x10046);
    assertEquals(0x10016, sites.tailOf(0x401000));
    sites.forget(0x401000, 0x402000);
    assertEquals(0, sites.tailOf(0x401000));
    assertEquals(0x10046, sites.tailOf(0x402000));
    assertTrue(sites.inArea(0x10000));
    sites.forget(0x10000, 0x20000);
    assertEquals(0, sites.tailOf(0x402000));
    assertFalse(sites.inArea(0x10000));
  }

  @Test
  void anAddressInATrampolineIsShownAsTheGuestsOwn() {
    CallSites sites = new CallSites();
    sites.addArea(0x10000, 0x20000);
    sites.add(0x401000, 0x10000 + 22);
    assertEquals(0x401000, Patcher.unpatchedAddress(sites, 0x10000)); // not yet called
    assertEquals(0x401000, Patcher.unpatchedAddress(sites, 0x10000 + 20)); // the trapping call
    assertEquals(0x401002, Patcher.unpatchedAddress(sites, 0x10000 + 22)); // behind it
    assertEquals(0x401008, Patcher.unpatchedAddress(sites, 0x10000 + 28)); // and the compare
  }

  @Test
  void aSiteIsHotOnce() {
    CallSites sites = new CallSites();
    int hot = 0;
    for (int i = 0; i < 1000; i++) {
      hot += Patcher.isHot(sites.trapped(0x401000)) ? 1 : 0;
    }
    assertEquals(1, hot);
  }
}
