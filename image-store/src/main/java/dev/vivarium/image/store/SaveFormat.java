package dev.vivarium.image.store;

/** The form of an archive of images. */
public enum SaveFormat {
  OCI_ARCHIVE,
  DOCKER_ARCHIVE
}
