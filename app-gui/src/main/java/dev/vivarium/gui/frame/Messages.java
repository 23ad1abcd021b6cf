package dev.vivarium.gui.frame;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.MissingResourceException;
import java.util.ResourceBundle;

/** The texts of the desktop, out of its bundle. */
public final class Messages {
  private static final ResourceBundle BUNDLE =
      ResourceBundle.getBundle("dev.vivarium.gui.frame.messages", Locale.ENGLISH);

  private Messages() {}

  /** The text with this key, with values put in for {0}, {1} …; the key itself if there is none. */
  public static String text(String key, Object... values) {
    try {
      return new MessageFormat(BUNDLE.getString(key), Locale.ENGLISH).format(values);
    } catch (MissingResourceException e) {
      return key;
    }
  }
}
