package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.sysv.IpcObject;
import dev.vivarium.sentry.ipc.sysv.MessageQueue;
import dev.vivarium.sentry.ipc.sysv.SemaphoreSet;
import dev.vivarium.sentry.ipc.sysv.SemaphoreUndo;
import dev.vivarium.sentry.ipc.sysv.SysvIpc;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What System V IPC does as long as nobody has to wait. */
class SysvIpcTest {
  private final TaskWorld world = new TaskWorld();
  private final Task task = world.init.leader();
  private final SysvIpc ipc = world.kernel.ipc();

  private SemaphoreSet set(int count) {
    SemaphoreSet s = new SemaphoreSet(task.creds, IpcObject.IPC_PRIVATE, 0600, count);
    ipc.semaphores().add(s);
    return s;
  }

  private static SemaphoreSet.Operation op(int index, int change, int flags) {
    return new SemaphoreSet.Operation(index, change, flags | IpcObject.IPC_NOWAIT);
  }

  @Test
  void operationsAreDoneTogetherOrNotAtAll() {
    SemaphoreSet s = set(2);
    s.setValue(task, 0, 2);
    var both = List.of(op(0, -1, 0), op(1, -1, 0));
    assertEquals(-Errno.EAGAIN, s.operate(task, both, null, Task.NO_DEADLINE));
    assertEquals(2, s.value(0));
    s.setValue(task, 1, 1);
    assertEquals(0, s.operate(task, both, null, Task.NO_DEADLINE));
    assertEquals(1, s.value(0));
    assertEquals(0, s.value(1));
  }

  @Test
  void theEndOfTheLastSharerUndoes() {
    SemaphoreSet s = set(1);
    SemaphoreUndo undo = SemaphoreUndo.of(task);
    undo.share();
    var up = List.of(op(0, 3, SemaphoreSet.SEM_UNDO));
    assertEquals(0, s.operate(task, up, undo, Task.NO_DEADLINE));
    undo.release(task);
    assertEquals(3, s.value(0));
    undo.release(task);
    assertEquals(0, s.value(0));
  }

  @Test
  void undoingAfterTheSetIsGoneDoesNothing() {
    SemaphoreSet s = set(1);
    SemaphoreUndo undo = SemaphoreUndo.of(task);
    s.operate(task, List.of(op(0, 3, SemaphoreSet.SEM_UNDO)), undo, Task.NO_DEADLINE);
    s.remove(ipc);
    undo.release(task);
    assertNull(ipc.semaphores().byId(s.id()));
  }

  @Test
  void aNumberThatWasRemovedIsNotFoundThoughItsPlaceIsUsedAgain() {
    SemaphoreSet first = set(1);
    int old = first.id();
    first.remove(ipc);
    SemaphoreSet second = set(1);
    assertNull(ipc.semaphores().byId(old));
    assertEquals(second, ipc.semaphores().byId(second.id()));
  }

  @Test
  void messagesAreTakenByType() {
    MessageQueue q = new MessageQueue(task.creds, IpcObject.IPC_PRIVATE, 0600);
    ipc.queues().add(q);
    for (long type : new long[] {3, 1, 2}) {
      assertEquals(
          0, q.send(task, ipc, new MessageQueue.Message(type, new byte[(int) type]), true));
    }
    assertEquals(1, receive(q, -2));
    assertEquals(2, receive(q, 2));
    assertEquals(3, receive(q, 0));
    assertEquals(0, ipc.messageBytes());
  }

  private long receive(MessageQueue q, long type) {
    MessageQueue.Received out = new MessageQueue.Received();
    var wanted = new MessageQueue.Wanted(type, IpcObject.IPC_NOWAIT);
    assertEquals(0, q.receive(task, ipc, wanted, 100, out));
    assertNotNull(out.message);
    return out.message.type();
  }

  @Test
  void messagesOfAllQueuesAreBounded() {
    long rc = 0;
    int sent = 0;
    while (rc == 0 && sent < 100_000) {
      MessageQueue q = new MessageQueue(task.creds, IpcObject.IPC_PRIVATE, 0600);
      ipc.queues().add(q);
      rc = q.send(task, ipc, new MessageQueue.Message(1, new byte[8192]), true);
      sent++;
    }
    assertEquals(-Errno.ENOMEM, rc);
    assertTrue(ipc.messageBytes() <= 16 << 20);
  }
}
