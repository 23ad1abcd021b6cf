package dev.vivarium.sentry.ipc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.memory.Uio;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PipeTest {
  private final Pipe pipe = new Pipe();
  private PipeFile reader;
  private PipeFile writer;

  @BeforeEach
  void open() {
    reader = new PipeFile(TestFiles.inode(), null, Fcntl.O_RDONLY, pipe);
    writer = new PipeFile(TestFiles.inode(), null, Fcntl.O_WRONLY, pipe);
  }

  private long write(int length) {
    return pipe.tryWrite(Uio.of(new byte[length], 0, length), false);
  }

  private long read(int length) {
    return pipe.tryRead(Uio.of(new byte[length], 0, length));
  }

  @Test
  void anEmptyPipeTakesExactly64KiB() {
    assertEquals(65536, write(100_000));
    assertEquals(-Errno.EAGAIN, write(1));
    assertEquals(65536, pipe.used());
  }

  @Test
  void aWriteUpToPipeBufIsNeverSplit() {
    assertEquals(65536 - 4095, write(65536 - 4095));
    assertEquals(-Errno.EAGAIN, write(4096));
    assertEquals(4095, write(4095));
  }

  @Test
  void aLongerWriteTakesWhatFits() {
    write(65536 - 10);
    assertEquals(10, write(4097));
  }

  @Test
  void whatNeedNotWaitIsKnownBefore() {
    assertFalse(reader.readsAtOnce(Uio.of(new byte[8], 0, 8)), "nothing there, and a writer");
    assertTrue(writer.writesAtOnce(Uio.of(new byte[4096], 0, 4096)));
    assertFalse(writer.writesAtOnce(Uio.of(new byte[4097], 0, 4097)), "may be split");
    write(3);
    assertTrue(reader.readsAtOnce(Uio.of(new byte[8], 0, 8)));
    assertEquals(3, read(3));
    write(65536 - 10);
    assertTrue(writer.writesAtOnce(Uio.of(new byte[10], 0, 10)));
    assertFalse(writer.writesAtOnce(Uio.of(new byte[11], 0, 11)), "no room");
    assertEquals(65536 - 10, read(65536));
    writer.drop(TestFiles.noTask());
    assertTrue(reader.readsAtOnce(Uio.of(new byte[8], 0, 8)), "the end");
  }

  @Test
  void aWriteThatEndsInASignalIsNotDoneInPassing() {
    reader.drop(TestFiles.noTask());
    assertFalse(writer.writesAtOnce(Uio.of(new byte[1], 0, 1)));
  }

  @Test
  void readersSeeTheEndOnlyWhenTheLastWriterIsGoneAndAllIsRead() {
    write(3);
    writer.drop(TestFiles.noTask());
    assertEquals(Poll.IN | Poll.RDNORM | Poll.HUP, reader.poll());
    assertEquals(3, read(10));
    assertEquals(0, read(10));
    assertEquals(Poll.HUP, reader.poll());
  }

  @Test
  void anEmptyPipeWithAWriterWouldBlock() {
    assertEquals(-Errno.EAGAIN, read(1));
    assertEquals(0, read(0));
    assertEquals(0, reader.poll());
  }

  @Test
  void writersWithoutReadersGetEpipe() {
    reader.drop(TestFiles.noTask());
    assertEquals(-Errno.EPIPE, write(1));
    assertEquals(0, write(0));
    assertTrue((writer.poll() & Poll.ERR) != 0);
  }

  @Test
  void bytesComeOutAsTheyWentInWhateverTheSizes() {
    Random random = new Random(7);
    ByteArrayOutputStream in = new ByteArrayOutputStream();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < 5000; i++) {
      byte[] data = new byte[random.nextInt(9000)];
      random.nextBytes(data);
      long n = pipe.tryWrite(Uio.of(data, 0, data.length), false);
      if (n > 0) {
        in.write(data, 0, (int) n);
      }
      byte[] got = new byte[random.nextInt(9000) + 1];
      long m = pipe.tryRead(Uio.of(got, 0, got.length));
      if (m > 0) {
        out.write(got, 0, (int) m);
      }
    }
    byte[] rest = new byte[65536];
    long m = pipe.tryRead(Uio.of(rest, 0, rest.length));
    out.write(rest, 0, (int) Math.max(m, 0));
    assertArrayEquals(in.toByteArray(), out.toByteArray());
  }

  @Test
  void packetsKeepTheirBoundariesAndLoseWhatIsNotRead() {
    byte[] data = new byte[5000];
    Arrays.fill(data, (byte) 'x');
    assertEquals(4096, pipe.tryWrite(Uio.of(data, 0, 5000), true));
    assertEquals(3, pipe.tryWrite(Uio.of(data, 0, 3), true));
    assertEquals(2, pipe.tryWrite(Uio.of(data, 0, 2), false));
    assertEquals(10, read(10));
    assertEquals(3, read(4096));
    assertEquals(2, read(4096));
    assertEquals(-Errno.EAGAIN, read(1));
  }

  @Test
  void theCapacityIsAPowerOfTwoOfPagesAndHoldsWhatIsThere() {
    assertEquals(8192, pipe.setCapacity(5000, false));
    assertEquals(8192, write(10_000));
    assertEquals(-Errno.EBUSY, pipe.setCapacity(4096, false));
    assertEquals(-Errno.EPERM, pipe.setCapacity((1 << 20) + 1, false));
    assertEquals(1 << 20, pipe.setCapacity(1 << 20, false));
    assertEquals((1 << 20) - 8192, write(1 << 20));
  }

  @Test
  void aFifoReaderThatCameFirstSeesNoHangUpUntilAWriterCameAndWent() {
    Pipe fifo = new Pipe();
    PipeFile early = new PipeFile(TestFiles.inode(), null, Fcntl.O_RDONLY, fifo);
    assertEquals(0, early.poll());
    PipeFile w = new PipeFile(TestFiles.inode(), null, Fcntl.O_WRONLY, fifo);
    w.drop(TestFiles.noTask());
    assertEquals(Poll.HUP, early.poll());
  }
}
