package dev.vivarium.gui.terminal;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Addresses of web pages in what a guest writes. Only what is plainly one: http or https, a host,
 * and nothing but ASCII, so that what is asked about is what will be opened.
 */
final class Links {
  private static final int MOST = 2000;
  private static final Pattern ADDRESS =
      Pattern.compile("https?://[!#-;=?-\\[\\]_a-z~]{1," + MOST + "}", Pattern.CASE_INSENSITIVE);

  private Links() {}

  /**
   * One of them.
   *
   * @param from its first column
   * @param to the column after its last
   */
  record Link(int from, int to, String address) {}

  /** The one at this column of a line. */
  static Optional<Link> at(String line, int column) {
    Matcher found = ADDRESS.matcher(line);
    while (found.find()) {
      int to = end(line, found.start(), found.end());
      if (column >= found.start() && column < to) {
        String address = line.substring(found.start(), to);
        return isOne(address)
            ? Optional.of(new Link(found.start(), to, address))
            : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** Without the punctuation of the sentence that it stands in. */
  private static int end(String line, int from, int to) {
    int end = to;
    while (end > from) {
      char last = line.charAt(end - 1);
      boolean closes = last == ')' && line.substring(from, end).indexOf('(') < 0;
      boolean brackets = last == ']' && line.substring(from, end).indexOf('[') < 0;
      if (closes || brackets || ".,;:!?'".indexOf(last) >= 0) {
        end--;
      } else {
        break;
      }
    }
    return end;
  }

  private static boolean isOne(String address) {
    try {
      URI uri = new URI(address);
      // A name before the host is only there to make it look like another.
      return uri.getHost() != null && uri.getRawUserInfo() == null;
    } catch (URISyntaxException e) {
      return false;
    }
  }
}
