package dev.vivarium.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** Makes images of given layers, wrong ones included, as blobs and as an OCI layout. */
public final class TestLayout {
  private final Map<String, byte[]> blobs = new HashMap<>();
  private final List<String> layers = new ArrayList<>();
  private final List<String> diffIds = new ArrayList<>();
  private String architecture = "amd64";
  private String os = "linux";

  /** Adds a layer, compressed with gzip. */
  public TestLayout layer(byte[] tar) {
    return layer(tar, gzip(tar));
  }

  /** Adds a layer whose blob is given as it is. */
  public TestLayout layer(byte[] tar, byte[] blob) {
    return layer(
        "application/vnd.oci.image.layer.v1.tar+gzip", blob(blob), blob.length, Digests.of(tar));
  }

  /** Adds a layer by what its descriptor says. */
  public TestLayout layer(String mediaType, String digest, long size, String diffId) {
    layers.add(descriptor(mediaType, digest, size));
    diffIds.add('"' + diffId + '"');
    return this;
  }

  public TestLayout platform(String system, String machine) {
    os = system;
    architecture = machine;
    return this;
  }

  /** Adds a blob; its digest. */
  public String blob(byte[] content) {
    String digest = Digests.of(content);
    blobs.put(digest, content);
    return digest;
  }

  public Map<String, byte[]> blobs() {
    return blobs;
  }

  /** The manifest, with its configuration and itself among the blobs. */
  public byte[] manifest() {
    byte[] config =
        """
        {"architecture":"%s","os":"%s","created":"2024-01-02T03:04:05Z","config":{"Cmd":["true"]},
         "rootfs":{"type":"layers","diff_ids":[%s]}}\
        """
            .formatted(architecture, os, String.join(",", diffIds))
            .getBytes(StandardCharsets.UTF_8);
    byte[] manifest =
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}\
        """
            .formatted(
                descriptor("application/vnd.oci.image.config.v1+json", blob(config), config.length),
                String.join(",", layers))
            .getBytes(StandardCharsets.UTF_8);
    blob(manifest);
    return manifest;
  }

  /** Writes the layout; what to import. */
  public String write(Path directory) {
    byte[] manifest = manifest();
    try {
      Files.createDirectories(directory.resolve("blobs/sha256"));
      Files.writeString(directory.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
      Files.writeString(
          directory.resolve("index.json"),
          "{\"schemaVersion\":2,\"manifests\":["
              + descriptor(
                  "application/vnd.oci.image.manifest.v1+json",
                  Digests.of(manifest),
                  manifest.length)
              + "]}");
      for (Map.Entry<String, byte[]> blob : blobs.entrySet()) {
        Files.write(directory.resolve("blobs/" + blob.getKey().replace(':', '/')), blob.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "oci:" + directory;
  }

  public static String descriptor(String mediaType, String digest, long size) {
    return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}"
        .formatted(mediaType, digest, size);
  }

  public static byte[] gzip(byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
