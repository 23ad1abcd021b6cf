package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.sysv.IpcObject;
import dev.vivarium.sentry.ipc.sysv.IpcTable;
import dev.vivarium.sentry.ipc.sysv.MessageQueue;
import dev.vivarium.sentry.ipc.sysv.SysvIpc;
import dev.vivarium.sentry.kernel.Task;

/** msgget, msgsnd, msgrcv, msgctl. */
final class SysMsg {
  // linux/msg.h
  private static final int MSG_STAT = 11;
  private static final int MSG_INFO = 12;
  private static final int MSG_STAT_ANY = 13;
  private static final int MSGINFO_SIZE = 32;
  private static final int SEGMENT_SIZE = 16;
  private static final int SEGMENTS = 0xffff;

  private SysMsg() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.MSGGET, "msgget", SysMsg::msgget);
    b.full(Sys.MSGSND, "msgsnd", SysMsg::msgsnd);
    b.full(Sys.MSGRCV, "msgrcv", SysMsg::msgrcv);
    b.full(Sys.MSGCTL, "msgctl", SysMsg::msgctl);
  }

  private static IpcTable<MessageQueue> queues(Task t) {
    return t.kernel().ipc().queues();
  }

  static long msgget(Task t, long key, long flags, long a2, long a3, long a4, long a5) {
    IpcTable.Maker<MessageQueue> maker =
        new IpcTable.Maker<>() {
          @Override
          public long make(IpcTable<MessageQueue> table) {
            return table.add(new MessageQueue(t.creds, (int) key, (int) flags));
          }

          @Override
          public long fits(MessageQueue found) {
            return 0;
          }
        };
    return queues(t).get(t.creds, (int) key, (int) flags, maker);
  }

  static long msgsnd(Task t, long id, long message, long size, long flags, long a4, long a5) {
    long type = t.mm.readLong(message);
    if (t.mm.error() != 0) {
      return -Errno.EFAULT;
    }
    if (size < 0 || size > SysvIpc.MSGMAX || (int) id < 0 || type < 1) {
      return -Errno.EINVAL;
    }
    byte[] bytes = new byte[(int) size];
    if (t.mm.copyIn(message + 8, bytes, 0, bytes.length) < 0) {
      return -Errno.EFAULT;
    }
    MessageQueue q = queues(t).byId((int) id);
    if (q == null) {
      return -Errno.EINVAL;
    }
    boolean noWait = (flags & IpcObject.IPC_NOWAIT) != 0;
    return q.send(t, t.kernel().ipc(), new MessageQueue.Message(type, bytes), noWait);
  }

  static long msgrcv(Task t, long id, long message, long size, long type, long flags, long a5) {
    if ((int) id < 0 || size < 0) {
      return -Errno.EINVAL;
    }
    boolean copies = (flags & MessageQueue.MSG_COPY) != 0;
    if (copies && ((flags & MessageQueue.MSG_EXCEPT) != 0 || (flags & IpcObject.IPC_NOWAIT) == 0)) {
      return -Errno.EINVAL;
    }
    if (copies) {
      byte[] room = new byte[(int) Math.min(size, SysvIpc.MSGMAX)];
      if (t.mm.copyIn(message, room, 0, room.length) < 0) {
        return -Errno.EFAULT;
      }
    }
    MessageQueue q = queues(t).byId((int) id);
    if (q == null) {
      return -Errno.EINVAL;
    }
    MessageQueue.Received got = new MessageQueue.Received();
    MessageQueue.Wanted wanted = new MessageQueue.Wanted(type, (int) flags);
    long rc = q.receive(t, t.kernel().ipc(), wanted, size, got);
    MessageQueue.Message m = got.message;
    if (rc < 0 || m == null) {
      return rc;
    }
    int length = (int) Math.min(size, m.bytes().length);
    if (t.mm.writeLong(message, m.type()) < 0
        || t.mm.copyOut(message + 8, m.bytes(), 0, length) < 0) {
      return -Errno.EFAULT;
    }
    return length;
  }

  static long msgctl(Task t, long id, long command, long arg, long a3, long a4, long a5) {
    if ((int) id < 0 || (int) command < 0) {
      return -Errno.EINVAL;
    }
    return switch ((int) command) {
      case IpcObject.IPC_INFO, MSG_INFO -> info(t, (int) command == MSG_INFO, arg);
      case IpcObject.IPC_STAT, MSG_STAT, MSG_STAT_ANY, IpcObject.IPC_SET, IpcObject.IPC_RMID ->
          IpcControl.control(t, queues(t), (int) id, (int) command, MSG_STAT, arg);
      default -> -Errno.EINVAL;
    };
  }

  private static long info(Task t, boolean inUse, long arg) {
    int messages = 0;
    for (MessageQueue q : queues(t).all()) {
      messages += q.length();
    }
    byte[] b = new byte[MSGINFO_SIZE];
    int pool = SysvIpc.MSGMNI * (SysvIpc.MSGMNB / 1024);
    Bytes.putInt(b, 0, inUse ? queues(t).all().size() : pool);
    Bytes.putInt(b, 4, inUse ? messages : SysvIpc.MSGMNB);
    Bytes.putInt(b, 8, SysvIpc.MSGMAX);
    Bytes.putInt(b, 12, SysvIpc.MSGMNB);
    Bytes.putInt(b, 16, SysvIpc.MSGMNI);
    Bytes.putInt(b, 20, SEGMENT_SIZE);
    Bytes.putInt(b, 24, inUse ? (int) t.kernel().ipc().messageBytes() : SysvIpc.MSGMNB);
    Bytes.putShort(b, 28, SEGMENTS);
    return t.mm.copyOut(arg, b, 0, b.length) < 0 ? -Errno.EFAULT : queues(t).highestIndex();
  }
}
