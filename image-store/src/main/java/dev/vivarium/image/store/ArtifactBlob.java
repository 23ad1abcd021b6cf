package dev.vivarium.image.store;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A part of an artifact.
 *
 * @param title the name that its maker gave it; untrusted text
 * @param file where its bytes are
 */
public record ArtifactBlob(
    String mediaType, String digest, long size, Optional<String> title, Path file) {}
