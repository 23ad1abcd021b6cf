package dev.vivarium.image.oci;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON document (RFC 8259) as maps, lists, texts, numbers and truth values: read strictly, in
 * bounds, without reflection; and the way there. A name that comes twice in one object is refused:
 * two readers might each believe another one.
 */
public final class JsonDocument {
  /** Of a number, in characters; what is longer is no quantity of anything. */
  private static final int MAX_NUMBER = 30;

  private JsonDocument() {}

  /** What writes a document. */
  public interface Body {
    void write(JsonWriter out) throws IOException;
  }

  /**
   * Reads one.
   *
   * @param depth how deep objects and lists may nest
   * @return a map in the document's order, a list, a text, a {@code Long}, a {@code BigInteger} if
   *     it is larger than that, a {@code Double} if there is a fraction or an exponent, a {@code
   *     Boolean}, or null
   * @throws BadDocumentException saying what is wrong with it
   */
  public static @Nullable Object read(byte[] document, int depth) throws BadDocumentException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document)).toString();
    } catch (CharacterCodingException e) {
      throw new BadDocumentException("not valid JSON: it is not UTF-8");
    }
    JsonReader in = new JsonReader(new StringReader(text));
    in.setStrictness(Strictness.STRICT);
    in.setNestingLimit(depth);
    try {
      Object value = value(in);
      if (in.peek() != JsonToken.END_DOCUMENT) {
        throw new BadDocumentException("text behind the JSON value");
      }
      return value;
    } catch (BadDocumentException e) {
      throw e;
    } catch (EOFException e) {
      throw new BadDocumentException("not valid JSON: it ends too early");
    } catch (MalformedJsonException e) {
      throw new BadDocumentException("not valid JSON" + place(e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where it is wrong, as the library says it among much else. */
  private static String place(MalformedJsonException e) {
    String message = String.valueOf(e.getMessage());
    int from = message.indexOf(" at line ");
    int to = message.indexOf(" path ", Math.max(from, 0));
    String deep = message.startsWith("Nesting limit") ? ": nested too deep" : "";
    return deep + (from < 0 || to < 0 ? "" : message.substring(from, to));
  }

  private static @Nullable Object value(JsonReader in) throws IOException {
    return switch (in.peek()) {
      case BEGIN_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        in.beginObject();
        while (in.hasNext()) {
          String name = in.nextName();
          if (map.containsKey(name)) {
            throw new BadDocumentException("the name '" + name + "' twice in one JSON object");
          }
          map.put(name, value(in));
        }
        in.endObject();
        yield map;
      }
      case BEGIN_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        in.beginArray();
        while (in.hasNext()) {
          list.add(value(in));
        }
        in.endArray();
        yield list;
      }
      case STRING -> in.nextString();
      case NUMBER -> number(in.nextString());
      case BOOLEAN -> in.nextBoolean();
      case NULL -> {
        in.nextNull();
        yield null;
      }
      default -> throw new BadDocumentException("not valid JSON");
    };
  }

  /** No {@code BigDecimal}: the class alone takes as long to get ready as all else of a start. */
  private static Number number(String text) throws BadDocumentException {
    if (text.length() > MAX_NUMBER) {
      throw new BadDocumentException("a number of more than " + MAX_NUMBER + " characters");
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.' || c == 'e' || c == 'E') {
        double fraction = Double.parseDouble(text);
        if (Double.isInfinite(fraction)) {
          throw new BadDocumentException("a number without bounds: " + text);
        }
        return fraction;
      }
    }
    // 18 digits fit, whatever they are.
    return text.length() <= 18 ? (Number) Long.parseLong(text) : whole(new BigInteger(text));
  }

  private static Number whole(BigInteger number) {
    return number.bitLength() < Long.SIZE ? (Number) number.longValue() : number;
  }

  /** What the body writes, in UTF-8, without spaces. */
  public static byte[] write(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonWriter out = new JsonWriter(new OutputStreamWriter(bytes, StandardCharsets.UTF_8))) {
      body.write(out);
    } catch (IOException e) {
      throw new UncheckedIOException("bytes in memory cannot be written", e);
    }
    return bytes.toByteArray();
  }

  /**
   * Writes one value, as {@link #read} gives it; what is none of those, as its text. A fraction
   * that JSON has no number for is a text too.
   */
  public static void write(JsonWriter out, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> out.nullValue();
      case Map<?, ?> map -> {
        out.beginObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.name(String.valueOf(entry.getKey()));
          write(out, entry.getValue());
        }
        out.endObject();
      }
      case Collection<?> list -> {
        out.beginArray();
        for (Object element : list) {
          write(out, element);
        }
        out.endArray();
      }
      case Boolean truth -> out.value(truth);
      case Double fraction when !Double.isFinite(fraction) -> out.value(fraction.toString());
      case Number number -> out.value(number);
      default -> out.value(value.toString());
    }
  }
}
