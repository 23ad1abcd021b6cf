package dev.vivarium.engine.control;

import dev.vivarium.engine.NetworkQuestion;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.profiles.network.AddressKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Everything that a client and a sandbox's process say to each other.
 *
 * <p>On the wire a message is its length (4 bytes, big endian, of what follows), its type (1 byte)
 * and its fields in order: numbers big endian, text as 4 bytes of length and UTF-8, data as the
 * rest of the frame. The first message each way is {@link Hello}; then the client asks, and the
 * sandbox answers or reports. Standard streams are numbered as descriptors are: 0, 1, 2.
 *
 * <p>Flow control: each stream's receiver grants bytes with {@link Window}; {@link #WINDOW} are
 * granted by the {@link Attach} itself, in both directions. Who sends more is disconnected.
 */
public sealed interface ControlMessage {
  /** The version that this code speaks; both sides must speak the same. */
  int VERSION = 1;

  /** No frame is longer. */
  int MAX_FRAME = 1 << 18;

  /** The most data in one {@link Data}. */
  int MAX_DATA = 1 << 16;

  /** What a stream may send ahead of its receiver. */
  int WINDOW = 1 << 18;

  /** Either way, first: who speaks. */
  record Hello(int version) implements ControlMessage {
    static final int TYPE = 1;
  }

  /**
   * To the sandbox, once: {@code spec.json} is there, begin. In the foreground with a terminal this
   * is an {@link Attach} as well; input may be sent once {@link Started} has come.
   *
   * @param foreground whether the sandbox ends when this connection does
   * @param keep whether state and log are kept after its end
   * @param rows the terminal's height, 0 without one
   * @param columns the terminal's width, 0 without one
   * @param through whether, in the foreground without a terminal, what it writes comes through this
   *     connection too, so that it can be held back
   */
  record Start(boolean foreground, boolean keep, int rows, int columns, boolean through)
      implements ControlMessage {
    static final int TYPE = 2;

    public Start(boolean foreground, boolean keep, int rows, int columns) {
      this(foreground, keep, rows, columns, false);
    }
  }

  /** From the sandbox: the first process runs. */
  record Started() implements ControlMessage {
    static final int TYPE = 3;
  }

  /**
   * To the sandbox: this connection wants what the sandbox writes, and may send its input.
   *
   * @param input whether this connection is the source of standard input
   */
  record Attach(boolean input) implements ControlMessage {
    static final int TYPE = 4;
  }

  /** Either way: bytes of a standard stream. */
  record Data(int stream, byte[] bytes) implements ControlMessage {
    static final int TYPE = 5;
  }

  /** Either way: a standard stream ended. */
  record EndOfStream(int stream) implements ControlMessage {
    static final int TYPE = 6;
  }

  /** Either way: so many more bytes of a stream may be sent. */
  record Window(int stream, int bytes) implements ControlMessage {
    static final int TYPE = 7;
  }

  /** To the sandbox: the terminal's new size. */
  record Resize(int rows, int columns) implements ControlMessage {
    static final int TYPE = 8;
  }

  /** To the sandbox: send the first process a signal. */
  record Signal(int number) implements ControlMessage {
    static final int TYPE = 9;
  }

  /** To the sandbox: end everything now. */
  record Kill() implements ControlMessage {
    static final int TYPE = 10;
  }

  /** To the sandbox: what is your state? */
  record QueryState() implements ControlMessage {
    static final int TYPE = 11;
  }

  /** From the sandbox, on {@link QueryState}: its {@code state.json}. */
  record State(String json) implements ControlMessage {
    static final int TYPE = 12;
  }

  /**
   * From the sandbox, to every connection, last: it ended and left nothing behind.
   *
   * @param exitCode as a shell would show it
   * @param message what went wrong, one line for the user; empty if the command ended by itself
   */
  record Ended(int exitCode, String message) implements ControlMessage {
    static final int TYPE = 13;
  }

  /**
   * To the sandbox: what have you changed in your root? The guest waits until the answer has been
   * taken.
   */
  record QueryChanges() implements ControlMessage {
    static final int TYPE = 40;
  }

  /**
   * From the sandbox, on {@link QueryChanges}: a part of a layer's tar, at most {@link #MAX_DATA}.
   */
  record Changes(byte[] bytes) implements ControlMessage {
    static final int TYPE = 41;
  }

  /**
   * From the sandbox: all {@link Changes} are sent.
   *
   * @param problem why they are not complete; empty if they are
   */
  record ChangesEnd(String problem) implements ControlMessage {
    static final int TYPE = 42;
  }

  /**
   * To the sandbox: start one more process. From here on the connection is that process's: what
   * comes on it of input, signals, sizes and {@link Kill} is for it, and when the connection ends,
   * so does the process, unless it is detached. {@link Started} or {@link ProcessEnded} answers.
   *
   * @param detached whether its output goes nowhere, and it outlives the connection
   * @param rows its terminal's height, 0 without one
   * @param columns its terminal's width, 0 without one
   */
  record Exec(SandboxSpec.ProcessSpec process, boolean detached, int rows, int columns)
      implements ControlMessage {
    static final int TYPE = 50;
  }

  /**
   * From the sandbox, after {@link Exec}: that process ended, or could not be started.
   *
   * @param exitCode as a shell would show it
   * @param message what went wrong, one line for the user; empty if it ended by itself
   */
  record ProcessEnded(int exitCode, String message) implements ControlMessage {
    static final int TYPE = 51;
  }

  /**
   * To the sandbox: this client looks from now on, until it says otherwise or hangs up.
   *
   * @param events whether it reads the ring of events
   * @param counts whether calls are to be counted and timed
   * @param waits whether calls that wait are to be told of when they begin to
   * @param packets whether packets of its network are
   */
  record Watch(boolean events, boolean counts, boolean waits, boolean packets)
      implements ControlMessage {
    static final int TYPE = 70;

    public Watch(boolean events, boolean counts) {
      this(events, counts, false, false);
    }
  }

  /**
   * From the sandbox, on {@link Watch}: it has begun, and the ring is there.
   *
   * @param problem why it has not; empty if it has
   */
  record Watching(String problem) implements ControlMessage {
    static final int TYPE = 71;
  }

  /** To the sandbox: what are your figures? */
  record QueryStatistics() implements ControlMessage {
    static final int TYPE = 72;
  }

  /** From the sandbox, on {@link QueryStatistics}: a part of them, at most {@link #MAX_DATA}. */
  record StatisticsPart(byte[] bytes) implements ControlMessage {
    static final int TYPE = 73;
  }

  /**
   * From the sandbox: all parts are sent.
   *
   * @param problem why they are not complete; empty if they are
   */
  record StatisticsEnd(String problem) implements ControlMessage {
    static final int TYPE = 74;
  }

  /** To the sandbox: what have you done so far? */
  record QueryReport() implements ControlMessage {
    static final int TYPE = 75;
  }

  /**
   * From the sandbox, on {@link QueryReport}: a part of the report's JSON, at most {@link
   * #MAX_DATA}.
   */
  record ReportPart(byte[] bytes) implements ControlMessage {
    static final int TYPE = 76;
  }

  /**
   * From the sandbox: all parts are sent.
   *
   * @param problem why there is none; empty if there is
   */
  record ReportEnd(String problem) implements ControlMessage {
    static final int TYPE = 77;
  }

  /**
   * To the sandbox: this client leaves, and the sandbox goes on without it. What it attached to, it
   * is detached from; if it was the one whose end would be the sandbox's, it is no more.
   */
  record Detach() implements ControlMessage {
    static final int TYPE = 15;
  }

  /** To the sandbox: stand still, or go on. */
  record Pause(boolean still) implements ControlMessage {
    static final int TYPE = 16;
  }

  /**
   * From the sandbox, on {@link Pause}: it is so.
   *
   * @param problem why it is not; empty if it is
   */
  record Paused(String problem) implements ControlMessage {
    static final int TYPE = 17;
  }

  /** To the sandbox of a container that is created: begin. {@link Started} or its end answers. */
  record Begin() implements ControlMessage {
    static final int TYPE = 18;
  }

  /**
   * To the sandbox of a container: the same as {@link Exec}, but the process is an OCI one.
   *
   * @param process JSON; what is missing in it is as in the bundle
   */
  record ExecJson(int rows, int columns, String process) implements ControlMessage {
    static final int TYPE = 52;
  }

  /**
   * To the sandbox: there is a person here who can answer. All {@link Asked} that are open come
   * now, and further ones as they come up, each with its {@link Settled}. As long as nobody has
   * said this, questions are refused at once.
   */
  record WatchQuestions() implements ControlMessage {
    static final int TYPE = 80;
  }

  /** To the sandbox: which questions are open? {@link Asked}, and then {@link QuestionsEnd}. */
  record QueryQuestions() implements ControlMessage {
    static final int TYPE = 81;
  }

  /** From the sandbox: a question that is open. */
  record Asked(NetworkQuestion question) implements ControlMessage {
    static final int TYPE = 82;
  }

  /** From the sandbox, to who watches: that question is open no more. */
  record Settled(int number, NetworkQuestion.Outcome outcome) implements ControlMessage {
    static final int TYPE = 83;
  }

  /** From the sandbox, on {@link QueryQuestions}: those were all. */
  record QuestionsEnd() implements ControlMessage {
    static final int TYPE = 84;
  }

  /** To the sandbox: what the person says. */
  record AnswerQuestion(int number, NetworkQuestion.Answer answer) implements ControlMessage {
    static final int TYPE = 85;
  }

  /**
   * From the sandbox, on {@link AnswerQuestion}: it is so.
   *
   * @param problem why it is not; empty if it is
   */
  record Answered(String problem) implements ControlMessage {
    static final int TYPE = 86;
  }

  /** The frame without its length. */
  static byte[] encode(ControlMessage message) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      encode(message, new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new AssertionError("writing to memory cannot fail", e);
    }
    return bytes.toByteArray();
  }

  private static void encode(ControlMessage message, DataOutputStream out) throws IOException {
    switch (message) {
      case Hello m -> {
        out.writeByte(Hello.TYPE);
        out.writeInt(m.version);
      }
      case Start m -> {
        out.writeByte(Start.TYPE);
        out.writeBoolean(m.foreground);
        out.writeBoolean(m.keep);
        out.writeInt(m.rows);
        out.writeInt(m.columns);
        out.writeBoolean(m.through);
      }
      case Started _ -> out.writeByte(Started.TYPE);
      case Attach m -> {
        out.writeByte(Attach.TYPE);
        out.writeBoolean(m.input);
      }
      case Data m -> {
        out.writeByte(Data.TYPE);
        out.writeByte(m.stream);
        out.write(m.bytes);
      }
      case EndOfStream m -> {
        out.writeByte(EndOfStream.TYPE);
        out.writeByte(m.stream);
      }
      case Window m -> {
        out.writeByte(Window.TYPE);
        out.writeByte(m.stream);
        out.writeInt(m.bytes);
      }
      case Resize m -> {
        out.writeByte(Resize.TYPE);
        out.writeInt(m.rows);
        out.writeInt(m.columns);
      }
      case Signal m -> {
        out.writeByte(Signal.TYPE);
        out.writeInt(m.number);
      }
      case Kill _ -> out.writeByte(Kill.TYPE);
      case QueryState _ -> out.writeByte(QueryState.TYPE);
      case State m -> {
        out.writeByte(State.TYPE);
        writeText(out, m.json);
      }
      case QueryChanges _ -> out.writeByte(QueryChanges.TYPE);
      case Changes m -> {
        out.writeByte(Changes.TYPE);
        out.write(m.bytes);
      }
      case ChangesEnd m -> {
        out.writeByte(ChangesEnd.TYPE);
        writeText(out, m.problem);
      }
      case Exec m -> {
        out.writeByte(Exec.TYPE);
        writeList(out, m.process.arguments());
        writeList(
            out,
            m.process.environment().entrySet().stream()
                .flatMap(entry -> Stream.of(entry.getKey(), entry.getValue()))
                .toList());
        writeText(out, m.process.workingDirectory());
        writeText(out, m.process.user());
        out.writeBoolean(m.process.terminal());
        out.writeBoolean(m.process.stdin());
        out.writeBoolean(m.detached);
        out.writeInt(m.rows);
        out.writeInt(m.columns);
      }
      case ProcessEnded m -> {
        out.writeByte(ProcessEnded.TYPE);
        out.writeInt(m.exitCode);
        writeText(out, m.message);
      }
      case Watch m -> {
        out.writeByte(Watch.TYPE);
        out.writeBoolean(m.events);
        out.writeBoolean(m.counts);
        out.writeBoolean(m.waits);
        out.writeBoolean(m.packets);
      }
      case Watching m -> {
        out.writeByte(Watching.TYPE);
        writeText(out, m.problem);
      }
      case QueryStatistics _ -> out.writeByte(QueryStatistics.TYPE);
      case StatisticsPart m -> {
        out.writeByte(StatisticsPart.TYPE);
        out.write(m.bytes);
      }
      case StatisticsEnd m -> {
        out.writeByte(StatisticsEnd.TYPE);
        writeText(out, m.problem);
      }
      case QueryReport _ -> out.writeByte(QueryReport.TYPE);
      case ReportPart m -> {
        out.writeByte(ReportPart.TYPE);
        out.write(m.bytes);
      }
      case ReportEnd m -> {
        out.writeByte(ReportEnd.TYPE);
        writeText(out, m.problem);
      }
      case Detach _ -> out.writeByte(Detach.TYPE);
      case Begin _ -> out.writeByte(Begin.TYPE);
      case ExecJson m -> {
        out.writeByte(ExecJson.TYPE);
        out.writeInt(m.rows);
        out.writeInt(m.columns);
        writeText(out, m.process);
      }
      case Pause m -> {
        out.writeByte(Pause.TYPE);
        out.writeBoolean(m.still);
      }
      case Paused m -> {
        out.writeByte(Paused.TYPE);
        writeText(out, m.problem);
      }
      case WatchQuestions _ -> out.writeByte(WatchQuestions.TYPE);
      case QueryQuestions _ -> out.writeByte(QueryQuestions.TYPE);
      case Asked m -> {
        out.writeByte(Asked.TYPE);
        out.writeInt(m.question.number());
        writeText(out, m.question.protocol());
        writeText(out, m.question.name());
        writeText(out, m.question.address());
        out.writeInt(m.question.port());
        out.writeByte(m.question.kind().ordinal());
        out.writeInt(m.question.pid());
        writeText(out, m.question.program());
        out.writeLong(m.question.millisLeft());
      }
      case Settled m -> {
        out.writeByte(Settled.TYPE);
        out.writeInt(m.number);
        out.writeByte(m.outcome.ordinal());
      }
      case QuestionsEnd _ -> out.writeByte(QuestionsEnd.TYPE);
      case AnswerQuestion m -> {
        out.writeByte(AnswerQuestion.TYPE);
        out.writeInt(m.number);
        out.writeByte(m.answer.ordinal());
      }
      case Answered m -> {
        out.writeByte(Answered.TYPE);
        writeText(out, m.problem);
      }
      case Ended m -> {
        out.writeByte(Ended.TYPE);
        out.writeInt(m.exitCode);
        writeText(out, m.message);
      }
    }
  }

  /**
   * Reads a frame without its length.
   *
   * @throws IOException if it is no message of this protocol
   */
  static ControlMessage decode(byte[] frame) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(frame));
    int type = in.readUnsignedByte();
    ControlMessage message =
        switch (type) {
          case Hello.TYPE -> new Hello(in.readInt());
          case Start.TYPE ->
              new Start(
                  in.readBoolean(),
                  in.readBoolean(),
                  size(in.readInt()),
                  size(in.readInt()),
                  in.readBoolean());
          case Started.TYPE -> new Started();
          case Attach.TYPE -> new Attach(in.readBoolean());
          case Data.TYPE -> new Data(stream(in.readByte()), in.readNBytes(MAX_DATA));
          case EndOfStream.TYPE -> new EndOfStream(stream(in.readByte()));
          case Window.TYPE -> new Window(stream(in.readByte()), grant(in.readInt()));
          case Resize.TYPE -> new Resize(size(in.readInt()), size(in.readInt()));
          case Signal.TYPE -> new Signal(signal(in.readInt()));
          case Kill.TYPE -> new Kill();
          case QueryState.TYPE -> new QueryState();
          case State.TYPE -> new State(readText(in));
          case QueryChanges.TYPE -> new QueryChanges();
          case Changes.TYPE -> new Changes(in.readNBytes(MAX_DATA));
          case ChangesEnd.TYPE -> new ChangesEnd(readText(in));
          case Exec.TYPE ->
              new Exec(process(in), in.readBoolean(), size(in.readInt()), size(in.readInt()));
          case ProcessEnded.TYPE -> new ProcessEnded(exitCode(in.readInt()), readText(in));
          case Watch.TYPE ->
              new Watch(in.readBoolean(), in.readBoolean(), in.readBoolean(), in.readBoolean());
          case Watching.TYPE -> new Watching(readText(in));
          case QueryStatistics.TYPE -> new QueryStatistics();
          case StatisticsPart.TYPE -> new StatisticsPart(in.readNBytes(MAX_DATA));
          case StatisticsEnd.TYPE -> new StatisticsEnd(readText(in));
          case QueryReport.TYPE -> new QueryReport();
          case ReportPart.TYPE -> new ReportPart(in.readNBytes(MAX_DATA));
          case ReportEnd.TYPE -> new ReportEnd(readText(in));
          case Detach.TYPE -> new Detach();
          case Begin.TYPE -> new Begin();
          case ExecJson.TYPE -> new ExecJson(size(in.readInt()), size(in.readInt()), readText(in));
          case Pause.TYPE -> new Pause(in.readBoolean());
          case Paused.TYPE -> new Paused(readText(in));
          case WatchQuestions.TYPE -> new WatchQuestions();
          case QueryQuestions.TYPE -> new QueryQuestions();
          case Asked.TYPE -> new Asked(question(in));
          case Settled.TYPE ->
              new Settled(in.readInt(), one(NetworkQuestion.Outcome.values(), in.readByte()));
          case QuestionsEnd.TYPE -> new QuestionsEnd();
          case AnswerQuestion.TYPE ->
              new AnswerQuestion(in.readInt(), one(NetworkQuestion.Answer.values(), in.readByte()));
          case Answered.TYPE -> new Answered(readText(in));
          case Ended.TYPE -> new Ended(exitCode(in.readInt()), readText(in));
          default -> throw new IOException("unknown message type " + type);
        };
    if (in.available() > 0) {
      throw new IOException("message type " + type + " is too long");
    }
    return message;
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String readText(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("text is longer than its message");
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }

  private static void writeList(DataOutputStream out, List<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      writeText(out, text);
    }
  }

  private static List<String> readList(DataInputStream in) throws IOException {
    int count = in.readInt();
    // Each has a length of four bytes.
    if (count < 0 || count > in.available() / 4) {
      throw new IOException("list is longer than its message");
    }
    List<String> texts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      texts.add(readText(in));
    }
    return texts;
  }

  private static SandboxSpec.ProcessSpec process(DataInputStream in) throws IOException {
    List<String> arguments = readList(in);
    List<String> variables = readList(in);
    if (arguments.isEmpty() || variables.size() % 2 != 0) {
      throw new IOException("no command, or half a variable");
    }
    Map<String, String> environment = new LinkedHashMap<>();
    for (int i = 0; i < variables.size(); i += 2) {
      environment.put(variables.get(i), variables.get(i + 1));
    }
    return new SandboxSpec.ProcessSpec(
        arguments, environment, readText(in), readText(in), in.readBoolean(), in.readBoolean());
  }

  private static NetworkQuestion question(DataInputStream in) throws IOException {
    try {
      return new NetworkQuestion(
          in.readInt(),
          readText(in),
          readText(in),
          readText(in),
          in.readInt(),
          one(AddressKind.values(), in.readByte()),
          in.readInt(),
          readText(in),
          in.readLong());
    } catch (IllegalArgumentException e) {
      throw new IOException("a question makes no sense: " + e.getMessage(), e);
    }
  }

  private static <T> T one(T[] values, byte number) throws IOException {
    return values[within(number, 0, values.length - 1, values.getClass().getSimpleName())];
  }

  private static int stream(byte number) throws IOException {
    return within(number, 0, 2, "stream");
  }

  private static int size(int value) throws IOException {
    return within(value, 0, 0xffff, "terminal size");
  }

  private static int grant(int value) throws IOException {
    return within(value, 1, WINDOW, "window");
  }

  private static int signal(int value) throws IOException {
    return within(value, 1, 64, "signal");
  }

  private static int exitCode(int value) throws IOException {
    return within(value, 0, 255, "exit code");
  }

  private static int within(int value, int least, int most, String what) throws IOException {
    if (value < least || value > most) {
      throw new IOException(what + " out of range: " + value);
    }
    return value;
  }
}
