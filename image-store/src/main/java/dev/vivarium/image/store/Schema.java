package dev.vivarium.image.store;

import java.util.List;

/** The index's tables, as the steps that lead to them; a step, once released, never changes. */
final class Schema {
  /** Each element leads from the version that is its place in the list to the next. */
  static final List<List<String>> MIGRATIONS =
      List.of(
          List.of(
              // Configurations and manifests, as they came.
              """
              CREATE TABLE documents (
                digest TEXT PRIMARY KEY,
                content BLOB NOT NULL) STRICT, WITHOUT ROWID\
              """,
              """
              CREATE TABLE images (
                id TEXT PRIMARY KEY REFERENCES documents,
                manifest_digest TEXT NOT NULL REFERENCES documents,
                manifest_type TEXT NOT NULL,
                created_millis INTEGER,
                pulled_millis INTEGER NOT NULL) STRICT, WITHOUT ROWID\
              """,
              """
              CREATE TABLE layers (
                diff_id TEXT PRIMARY KEY,
                tar_bytes INTEGER NOT NULL,
                erofs_bytes INTEGER NOT NULL,
                split_bytes INTEGER NOT NULL,
                metadata_offset INTEGER NOT NULL,
                entries INTEGER NOT NULL,
                added_millis INTEGER NOT NULL) STRICT, WITHOUT ROWID\
              """,
              """
              CREATE TABLE image_layers (
                image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                position INTEGER NOT NULL,
                diff_id TEXT NOT NULL REFERENCES layers,
                PRIMARY KEY (image_id, position)) STRICT, WITHOUT ROWID\
              """,
              "CREATE INDEX image_layers_by_layer ON image_layers (diff_id)",
              """
              CREATE TABLE tags (
                name TEXT PRIMARY KEY,
                image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE) STRICT, WITHOUT ROWID\
              """,
              "CREATE INDEX tags_by_image ON tags (image_id)",
              // By which digests of manifests and indexes a repository's image may be asked for.
              """
              CREATE TABLE repository_digests (
                repository TEXT NOT NULL,
                digest TEXT NOT NULL,
                image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                PRIMARY KEY (repository, digest)) STRICT, WITHOUT ROWID\
              """,
              "CREATE INDEX repository_digests_by_image ON repository_digests (image_id)",
              // Layers that somebody who is at work relies on, though no image has them yet.
              """
              CREATE TABLE holds (
                owner TEXT NOT NULL,
                diff_id TEXT NOT NULL,
                PRIMARY KEY (owner, diff_id)) STRICT, WITHOUT ROWID\
              """,
              "CREATE INDEX holds_by_layer ON holds (diff_id)",
              // Layers that somebody is fetching.
              """
              CREATE TABLE claims (
                diff_id TEXT PRIMARY KEY,
                owner TEXT NOT NULL) STRICT, WITHOUT ROWID\
              """),
          List.of(
              "ALTER TABLE layers ADD COLUMN metadata_digest TEXT",
              // Which compressed blobs a layer came as, so that a registry that has one of them
              // needs not be sent another.
              """
              CREATE TABLE layer_blobs (
                digest TEXT PRIMARY KEY,
                diff_id TEXT NOT NULL REFERENCES layers ON DELETE CASCADE,
                size INTEGER NOT NULL,
                media_type TEXT NOT NULL) STRICT, WITHOUT ROWID\
              """,
              "CREATE INDEX layer_blobs_by_layer ON layer_blobs (diff_id)"),
          List.of(
              // What was checked when an image came, not what its registry claims.
              """
              CREATE TABLE signatures (
                image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                digest TEXT NOT NULL,
                key TEXT NOT NULL,
                format TEXT NOT NULL,
                reference TEXT NOT NULL,
                verified_millis INTEGER NOT NULL,
                PRIMARY KEY (image_id, digest, key, format)) STRICT, WITHOUT ROWID\
              """),
          // What an image is if it is none: its blobs are kept, as layers whose id begins so.
          List.of("ALTER TABLE images ADD COLUMN artifact_type TEXT"),
          // The same as signatures, and of signatures without a key whom their certificate names.
          List.of(
              """
              CREATE TABLE verified_signatures (
                image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
                digest TEXT NOT NULL,
                key TEXT NOT NULL,
                format TEXT NOT NULL,
                reference TEXT NOT NULL,
                identity TEXT NOT NULL,
                issuer TEXT NOT NULL,
                verified_millis INTEGER NOT NULL,
                PRIMARY KEY (image_id, digest, key, format, identity, issuer)) STRICT, WITHOUT ROWID\
              """,
              """
              INSERT INTO verified_signatures SELECT image_id, digest, key, format, reference, '',
                '', verified_millis FROM signatures\
              """,
              "DROP TABLE signatures"));

  static final int VERSION = MIGRATIONS.size();

  private Schema() {}
}
