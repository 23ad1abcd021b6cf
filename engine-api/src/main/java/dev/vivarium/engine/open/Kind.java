package dev.vivarium.engine.open;

/** What a file is, as far as running it goes. */
public enum Kind {
  PROGRAM("a program (ELF)"),
  LIBRARY("a shared library (ELF)"),
  APPIMAGE("an AppImage"),
  SCRIPT("a script"),
  DEB("a Debian package"),
  RPM("an RPM package"),
  JAR("a Java archive"),
  WHEEL("a Python wheel"),
  TAR("a tar archive"),
  ZIP("a zip archive"),
  HTML("a web page"),
  PDF("a PDF document"),
  UNKNOWN("something else");

  private final String description;

  Kind(String description) {
    this.description = description;
  }

  /** For people, with its article. */
  public String description() {
    return description;
  }

  /** Whether other files are in it, and perhaps an installer. */
  public boolean isArchive() {
    return this == TAR || this == ZIP;
  }
}
