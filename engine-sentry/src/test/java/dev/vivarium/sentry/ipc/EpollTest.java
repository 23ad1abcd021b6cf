package dev.vivarium.sentry.ipc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EpollTest {
  private final EpollFile epoll = new EpollFile(TestFiles.inode(), Fcntl.O_RDWR);
  private final TestFiles.Switch file = new TestFiles.Switch();

  private static List<String> collect(EpollFile e, int max) {
    List<String> got = new ArrayList<>();
    e.collect(
        max,
        (events, data) -> {
          got.add(data + ":" + events);
          return true;
        });
    return got;
  }

  private List<String> collect() {
    return collect(epoll, 10);
  }

  @Test
  void levelTriggeredIsReportedAsLongAsItIsReady() {
    epoll.add(3, file, Poll.IN, 42);
    assertEquals(List.of(), collect());
    file.set(Poll.IN | Poll.OUT);
    assertEquals(List.of("42:1"), collect());
    assertEquals(List.of("42:1"), collect());
    file.set(0);
    assertEquals(List.of(), collect());
  }

  @Test
  void whatIsReadyWhenItIsAddedIsReported() {
    file.set(Poll.OUT);
    epoll.add(3, file, Poll.OUT, 1);
    assertEquals(List.of("1:4"), collect());
  }

  @Test
  void anEdgeIsReportedOnceAndAgainAtTheNext() {
    epoll.add(3, file, Poll.IN | EpollFile.EPOLLET, 1);
    file.set(Poll.IN);
    assertEquals(List.of("1:1"), collect());
    assertEquals(List.of(), collect());
    file.set(Poll.IN);
    assertEquals(List.of("1:1"), collect());
  }

  @Test
  void anEdgeOfAnotherKindIsNoNews() {
    epoll.add(3, file, Poll.IN | EpollFile.EPOLLET, 1);
    file.set(Poll.IN);
    collect();
    file.queue.wake(Poll.OUT);
    assertEquals(List.of(), collect());
  }

  @Test
  void oneshotIsSilentUntilItIsModified() {
    epoll.add(3, file, Poll.IN | EpollFile.EPOLLONESHOT, 1);
    file.set(Poll.IN);
    assertEquals(List.of("1:1"), collect());
    file.set(Poll.IN);
    assertEquals(List.of(), collect());
    epoll.modify(3, file, Poll.IN | EpollFile.EPOLLONESHOT, 2);
    assertEquals(List.of("2:1"), collect());
  }

  @Test
  void errorsAndHangUpsAreReportedUnasked() {
    epoll.add(3, file, 0, 1);
    file.set(Poll.HUP);
    assertEquals(List.of("1:16"), collect());
  }

  @Test
  void readyItemsTakeTurns() {
    TestFiles.Switch other = new TestFiles.Switch();
    epoll.add(3, file, Poll.IN, 1);
    epoll.add(4, other, Poll.IN, 2);
    file.set(Poll.IN);
    other.set(Poll.IN);
    assertEquals(List.of("1:1"), collect(epoll, 1));
    assertEquals(List.of("2:1"), collect(epoll, 1));
    assertEquals(List.of("1:1"), collect(epoll, 1));
  }

  @Test
  void theSameFileUnderTwoDescriptorsIsTwoItems() {
    assertEquals(0, epoll.add(3, file, Poll.IN, 1));
    assertEquals(-Errno.EEXIST, epoll.add(3, file, Poll.IN, 1));
    assertEquals(0, epoll.add(4, file, Poll.IN, 2));
    file.set(Poll.IN);
    assertEquals(2, collect().size());
  }

  @Test
  void anItemGoesWithItsFile() {
    epoll.add(3, file, Poll.IN, 1);
    file.set(Poll.IN);
    file.drop(TestFiles.noTask());
    assertEquals(List.of(), collect());
    assertEquals(0, epoll.items().size());
    assertEquals(-Errno.ENOENT, epoll.delete(3, file));
  }

  @Test
  void aDeletedItemIsSilent() {
    epoll.add(3, file, Poll.IN, 1);
    assertEquals(0, epoll.delete(3, file));
    file.set(Poll.IN);
    assertEquals(List.of(), collect());
  }

  @Test
  void anEpollCanWatchAnother() {
    EpollFile outer = new EpollFile(TestFiles.inode(), Fcntl.O_RDWR);
    assertEquals(0, outer.add(5, epoll, Poll.IN, 9));
    epoll.add(3, file, Poll.IN, 1);
    assertEquals(List.of(), collect(outer, 10));
    file.set(Poll.IN);
    assertEquals(List.of("9:1"), collect(outer, 10));
    file.set(0);
    assertEquals(List.of(), collect(outer, 10));
  }

  @Test
  void loopsAndDeepChainsAreRefused() {
    EpollFile outer = new EpollFile(TestFiles.inode(), Fcntl.O_RDWR);
    assertEquals(0, outer.add(5, epoll, Poll.IN, 9));
    assertEquals(-Errno.ELOOP, epoll.add(6, outer, Poll.IN, 9));
    assertEquals(-Errno.EINVAL, epoll.add(6, epoll, Poll.IN, 9));
    EpollFile inner = epoll;
    long last = 0;
    for (int i = 0; i < 6 && last == 0; i++) {
      EpollFile next = new EpollFile(TestFiles.inode(), Fcntl.O_RDWR);
      last = next.add(5, inner, Poll.IN, 0);
      inner = next;
    }
    assertEquals(-Errno.ELOOP, last);
  }

  @Test
  void exclusiveCannotBeModified() {
    assertEquals(0, epoll.add(3, file, Poll.IN | EpollFile.EPOLLEXCLUSIVE, 1));
    assertEquals(-Errno.EINVAL, epoll.modify(3, file, Poll.IN, 1));
    assertEquals(
        -Errno.EINVAL,
        epoll.add(4, file, Poll.IN | EpollFile.EPOLLEXCLUSIVE | EpollFile.EPOLLONESHOT, 1));
  }
}
