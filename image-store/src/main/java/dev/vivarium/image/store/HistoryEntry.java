package dev.vivarium.image.store;

import java.time.Instant;
import java.util.Optional;

/**
 * One step of those that made an image. All text is the image's own: untrusted.
 *
 * @param layer what the step added; empty if it changed only the configuration
 */
public record HistoryEntry(
    Optional<Instant> created, String createdBy, String comment, Optional<LayerRecord> layer) {}
