package dev.vivarium.engine.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.network.AddressKind;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ControlMessageTest {
  private static final List<ControlMessage> ALL =
      List.of(
          new ControlMessage.Hello(7),
          new ControlMessage.Start(true, false, 24, 80),
          new ControlMessage.Started(),
          new ControlMessage.Attach(true),
          new ControlMessage.EndOfStream(0),
          new ControlMessage.Window(2, 4096),
          new ControlMessage.Resize(1, 65535),
          new ControlMessage.Signal(64),
          new ControlMessage.Kill(),
          new ControlMessage.QueryState(),
          new ControlMessage.State("{\"ü\":1}"),
          new ControlMessage.QueryChanges(),
          new ControlMessage.ChangesEnd("why"),
          new ControlMessage.Exec(
              new SandboxSpec.ProcessSpec(
                  List.of("sh", "-c", ""), Map.of("A", "b=ü"), "/", "1:2", true, false),
              false,
              24,
              80),
          new ControlMessage.ProcessEnded(137, "why"),
          new ControlMessage.Watch(true, false),
          new ControlMessage.Watch(false, true, true, true),
          new ControlMessage.QueryReport(),
          new ControlMessage.ReportEnd("why"),
          new ControlMessage.Watching("why not"),
          new ControlMessage.QueryStatistics(),
          new ControlMessage.StatisticsEnd("why"),
          new ControlMessage.Detach(),
          new ControlMessage.Pause(true),
          new ControlMessage.Paused("why"),
          new ControlMessage.Start(true, true, 0, 0, true),
          new ControlMessage.WatchQuestions(),
          new ControlMessage.QueryQuestions(),
          new ControlMessage.Asked(
              new NetworkQuestion(
                  3, "tcp", "a.example", "192.0.2.1", 22, AddressKind.RESERVED, 7, "ssh", 29_999)),
          new ControlMessage.Settled(3, NetworkQuestion.Outcome.ENDED),
          new ControlMessage.QuestionsEnd(),
          new ControlMessage.AnswerQuestion(3, NetworkQuestion.Answer.NEVER),
          new ControlMessage.Answered("why"),
          new ControlMessage.Ended(255, "why: where; what to do"));

  @Test
  void everyMessageSurvivesTheWire() throws IOException {
    for (ControlMessage message : ALL) {
      assertEquals(message, ControlMessage.decode(ControlMessage.encode(message)));
    }
    byte[] bytes = {1, 2, 3};
    ControlMessage.Data data =
        (ControlMessage.Data)
            ControlMessage.decode(ControlMessage.encode(new ControlMessage.Data(1, bytes)));
    assertEquals(1, data.stream());
    assertArrayEquals(bytes, data.bytes());
  }

  @Test
  void aTruncatedOrOverlongFrameIsRefused() {
    for (ControlMessage message : ALL) {
      byte[] frame = ControlMessage.encode(message);
      for (int length = 0; length < frame.length; length++) {
        byte[] part = Arrays.copyOf(frame, length);
        assertThrows(IOException.class, () -> ControlMessage.decode(part), message.toString());
      }
      byte[] longer = Arrays.copyOf(frame, frame.length + 1);
      assertThrows(IOException.class, () -> ControlMessage.decode(longer), message.toString());
    }
  }

  @Test
  void valuesOutOfRangeAreRefused() {
    for (ControlMessage message :
        List.of(
            new ControlMessage.Data(3, new byte[0]),
            new ControlMessage.Data(-1, new byte[0]),
            new ControlMessage.Data(1, new byte[ControlMessage.MAX_DATA + 1]),
            new ControlMessage.Window(1, 0),
            new ControlMessage.Window(1, -5),
            new ControlMessage.Window(1, ControlMessage.WINDOW + 1),
            new ControlMessage.Signal(0),
            new ControlMessage.Signal(65),
            new ControlMessage.Resize(-1, 80),
            new ControlMessage.Exec(
                new SandboxSpec.ProcessSpec(List.of(), Map.of(), "/", "", false, false),
                false,
                0,
                0),
            new ControlMessage.ProcessEnded(-1, ""),
            new ControlMessage.Ended(256, ""))) {
      byte[] frame = ControlMessage.encode(message);
      assertThrows(IOException.class, () -> ControlMessage.decode(frame), message.toString());
    }
  }

  @Test
  void randomBytesNeverDoWorseThanAnIoException() {
    Random random = new Random(20261120);
    for (int round = 0; round < 100_000; round++) {
      byte[] frame = new byte[random.nextInt(40)];
      random.nextBytes(frame);
      if (frame.length > 0) {
        frame[0] = (byte) random.nextInt(52);
      }
      try {
        ControlMessage.decode(frame);
      } catch (IOException expected) {
        // The one way to refuse.
      }
    }
  }
}
