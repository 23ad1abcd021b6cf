package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.oci.BadDocumentException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Looks things up in the index; every method is called inside a transaction. */
final class Catalog {
  private static final int SHORTEST_ID = 4;

  private final Database database;

  Catalog(Database database) {
    this.database = database;
  }

  /** The id of the image that a name, digest or beginning of an id means. */
  Optional<String> resolve(String reference) throws SQLException, ImageException {
    String hex = reference.startsWith("sha256:") ? reference.substring(7) : reference;
    boolean isHex = hex.matches("[0-9a-f]{1,64}");
    if (isHex && hex.length() == 64) {
      return first("SELECT id FROM images WHERE id = ?", "sha256:" + hex);
    }
    Optional<String> found = Optional.empty();
    ImageException notAName = null;
    try {
      ImageReference name = ImageReference.parse(reference);
      found =
          name.digest().isPresent()
              ? first(
                  "SELECT image_id FROM repository_digests WHERE repository = ? AND digest = ?",
                  name.name(),
                  name.digest().get())
              : first("SELECT image_id FROM tags WHERE name = ?", name.toString());
    } catch (ImageException e) {
      notAName = e;
    }
    if (found.isPresent()) {
      return found;
    }
    if (isHex && hex.length() >= SHORTEST_ID) {
      List<String> ids =
          database.query(
              "SELECT id FROM images WHERE id >= ? AND id < ? LIMIT 2",
              row -> row.getString(1),
              "sha256:" + hex,
              "sha256:" + hex + "g");
      if (ids.size() > 1) {
        throw new ImageException(
            Kind.CONFLICT,
            "more than one image's id begins so: " + reference + "; give more of it");
      }
      return ids.stream().findFirst();
    }
    if (notAName != null) {
      throw notAName;
    }
    return Optional.empty();
  }

  List<String> ids() throws SQLException {
    return database.query(
        "SELECT id FROM images ORDER BY pulled_millis DESC, id", row -> row.getString(1));
  }

  Optional<ImageRecord> image(String id) throws SQLException, ImageException {
    record Row(String manifest, long pulled, byte[] config, Optional<String> artifactType) {}
    List<Row> rows =
        database.query(
            "SELECT manifest_digest, pulled_millis, content, artifact_type FROM images"
                + " JOIN documents ON digest = id"
                + " WHERE id = ?",
            row ->
                new Row(
                    row.getString(1),
                    row.getLong(2),
                    row.getBytes(3),
                    Optional.ofNullable(row.getString(4))),
            id);
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    Row row = rows.getFirst();
    List<LayerRecord> layers =
        database.query(
            "SELECT l.diff_id, tar_bytes, erofs_bytes + split_bytes FROM image_layers i"
                + " JOIN layers l ON l.diff_id = i.diff_id WHERE image_id = ? ORDER BY position",
            layer -> new LayerRecord(layer.getString(1), layer.getLong(2), layer.getLong(3)),
            id);
    try {
      boolean image = row.artifactType.isEmpty();
      ConfigReader config = new ConfigReader(row.config);
      return Optional.of(
          new ImageRecord(
              id,
              row.manifest,
              tags(id),
              image ? config.created() : Optional.empty(),
              Instant.ofEpochMilli(row.pulled),
              layers.stream().distinct().mapToLong(LayerRecord::diskSize).sum(),
              layers,
              image ? config.config() : ImageConfig.NONE,
              row.artifactType));
    } catch (BadDocumentException e) {
      throw new ImageException(
          Kind.BAD_IMAGE,
          "a configuration that cannot be read: "
              + id
              + ": "
              + e.getMessage()
              + "; pull the image again",
          e);
    }
  }

  List<String> tags(String id) throws SQLException {
    return database.query(
        "SELECT name FROM tags WHERE image_id = ? ORDER BY name", row -> row.getString(1), id);
  }

  /** Removes rows of layers that neither an image nor anybody at work needs; says which. */
  List<String> dropUnusedLayers() throws SQLException {
    for (String owner :
        database.query(
            "SELECT owner FROM holds UNION SELECT owner FROM claims", row -> row.getString(1))) {
      if (!new Owner(owner).alive()) {
        database.update("DELETE FROM holds WHERE owner = ?", owner);
        database.update("DELETE FROM claims WHERE owner = ?", owner);
      }
    }
    List<String> unused =
        database.query(
            "SELECT diff_id FROM layers WHERE diff_id NOT IN (SELECT diff_id FROM image_layers)"
                + " AND diff_id NOT IN (SELECT diff_id FROM holds)",
            row -> row.getString(1));
    for (String diffId : unused) {
      database.update("DELETE FROM layers WHERE diff_id = ?", diffId);
    }
    database.update(
        "DELETE FROM documents WHERE digest NOT IN (SELECT id FROM images)"
            + " AND digest NOT IN (SELECT manifest_digest FROM images)");
    return unused;
  }

  boolean hasLayer(String diffId) throws SQLException {
    return first("SELECT diff_id FROM layers WHERE diff_id = ?", diffId).isPresent();
  }

  Optional<String> first(String sql, Object... parameters) throws SQLException {
    return database.query(sql, row -> row.getString(1), parameters).stream().findFirst();
  }
}
