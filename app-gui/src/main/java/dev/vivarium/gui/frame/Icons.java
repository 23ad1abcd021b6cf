package dev.vivarium.gui.frame;

import javafx.scene.Node;
import javafx.scene.layout.StackPane;
import javafx.scene.shape.SVGPath;

/** The desktop's own signs, drawn as lines on a field of 16 by 16. */
public enum Icons {
  SANDBOXES("M2 4.5 8 1.5l6 3v7l-6 3-6-3zM2 4.5l6 3 6-3M8 7.5v7"),
  IMAGES("M2 5l6-3 6 3-6 3zM2 8l6 3 6-3M2 11l6 3 6-3"),
  COMPARE("M2.500 2v12M4.500 3.500h5v2.500h-5zM4.500 7.500h9v2.500h-9zM4.500 11.500h7v2.500h-7z"),
  PROFILES(
      "M8 1.5l5.5 2v4c0 3.500-2.500 6-5.500 7-3-1-5.500-3.500-5.500-7v-4zM5.500 8l2 2 3.500-4"),
  DOCTOR("M1.500 8.500h3l2-5 3 9 2-4h3"),
  SETTINGS(
      "M2 4h7M12 4h2M2 8h2M7 8h7M2 12h6M11 12h3M9 2.500h3v3h-3zM4 6.500h3v3h-3zM8 10.500h3v3h-3z"),
  RUN("M4 2.500l9 5.500-9 5.500z"),
  STOP("M3.500 3.500h9v9h-9z"),
  REMOVE("M2.500 4.500h11M6 4.500v-2h4v2M4 4.500l.7 9h6.600l.7-9M6.700 7v4M9.300 7v4"),
  KILL("M4 4l8 8M12 4l-8 8"),
  NETWORK(
      "M8 1.500a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13zM1.500 8h13M8 1.500c-4 4-4 9 0 13M8"
          + " 1.500c4 4 4 9 0 13"),
  TERMINAL("M1.500 2.500h13v11h-13zM4 6l2.500 2-2.500 2M8 10.500h4"),
  SEARCH("M11 7a4 4 0 1 1-8 0a4 4 0 1 1 8 0zM10 10l4 4"),
  PAUSE("M5 3v10M11 3v10"),
  EXPORT("M8 10v-8M5 4.500l3-3 3 3M3 8v6h10v-6"),
  BACK("M10 3l-5 5 5 5"),
  FOLDER("M1.500 3.500h5l1.500 2h6.500v8h-13z"),
  PULL("M8 2v8M5 7.500l3 3 3-3M3 13.500h10"),
  COPY("M5.500 5.500h8v8h-8zM2.500 10.500v-8h8");

  private final String path;

  Icons(String path) {
    this.path = path;
  }

  /** A new one, in the colour of the text around it. */
  public Node node() {
    SVGPath shape = new SVGPath();
    shape.setContent(path);
    shape.getStyleClass().add("sign");
    StackPane box = new StackPane(shape);
    box.setMinSize(16, 16);
    box.setPrefSize(16, 16);
    box.setMaxSize(16, 16);
    return box;
  }
}
