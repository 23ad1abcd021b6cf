package dev.vivarium.image.signature;

import dev.vivarium.image.Digests;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * What a log of signatures (Rekor) has of one, and its word for it.
 *
 * @param body the entry as the log keeps it
 * @param promise the log's signature of body, time and place
 */
record LogEntry(
    byte[] body,
    long integratedSeconds,
    String logId,
    long logIndex,
    byte[] promise,
    Optional<Proof> proof) {

  /**
   * That the entry is in the log.
   *
   * @param checkpoint the log's signed word for its size and root
   */
  record Proof(long index, long size, byte[] root, List<byte[]> hashes, String checkpoint) {}

  /** From the annotation that cosign adds to a signature. */
  static LogEntry ofAnnotation(String annotation) throws BadDocumentException {
    JsonObject json = Json.parse(annotation.getBytes(StandardCharsets.UTF_8));
    JsonObject payload = required(json, "Payload");
    return new LogEntry(
        base64(payload, "body"),
        payload.requiredLong("integratedTime"),
        payload.requiredString("logID"),
        payload.requiredLong("logIndex"),
        base64(json, "SignedEntryTimestamp"),
        Optional.empty());
  }

  /** From a bundle's list of entries. */
  static LogEntry ofBundle(JsonObject entry) throws BadDocumentException {
    Optional<JsonObject> promise = entry.object("inclusionPromise");
    if (promise.isEmpty()) {
      throw new BadDocumentException(
          "a log entry without the log's signed time, as Rekor 2 makes it; that is not understood");
    }
    Optional<Proof> proof = Optional.empty();
    Optional<JsonObject> json = entry.object("inclusionProof");
    if (json.isPresent()) {
      List<byte[]> hashes =
          json.get().strings("hashes").stream().map(h -> Base64.getDecoder().decode(h)).toList();
      proof =
          Optional.of(
              new Proof(
                  number(json.get(), "logIndex"),
                  number(json.get(), "treeSize"),
                  base64(json.get(), "rootHash"),
                  hashes,
                  required(json.get(), "checkpoint").requiredString("envelope")));
    }
    return new LogEntry(
        base64(entry, "canonicalizedBody"),
        number(entry, "integratedTime"),
        HexFormat.of().formatHex(base64(required(entry, "logId"), "keyId")),
        number(entry, "logIndex"),
        base64(promise.get(), "signedEntryTimestamp"),
        proof);
  }

  /** When the log took it. */
  Instant time() throws BadDocumentException {
    try {
      return Instant.ofEpochSecond(integratedSeconds);
    } catch (DateTimeException e) {
      throw new BadDocumentException("a log entry of no possible time");
    }
  }

  /** Returns if a trusted log vouches for the entry. */
  void verify(TrustRoot root) throws BadDocumentException {
    // The hex digits go into the signed text.
    if (!logId.matches("[0-9a-f]{64}")) {
      throw new BadDocumentException("a log entry of a log without a name");
    }
    byte[] signed =
        ("{\"body\":\""
                + Base64.getEncoder().encodeToString(body)
                + "\",\"integratedTime\":"
                + integratedSeconds
                + ",\"logID\":\""
                + logId
                + "\",\"logIndex\":"
                + logIndex
                + "}")
            .getBytes(StandardCharsets.UTF_8);
    Instant time = time();
    for (TrustRoot.Log log : root.signatureLogs()) {
      if (log.id().equals(logId) && log.period().contains(time)) {
        if (!log.key().signed(signed, promise)) {
          continue;
        }
        if (proof.isPresent()) {
          verify(proof.get(), log);
        }
        return;
      }
    }
    throw new BadDocumentException("a log entry that no trusted log has signed");
  }

  /** Each costs the check of a signature: a log and a few witnesses. */
  private static final int MAX_NOTE_SIGNATURES = 32;

  private void verify(Proof claim, TrustRoot.Log log) throws BadDocumentException {
    String note = claim.checkpoint;
    int end = note.indexOf("\n\n");
    String[] lines = end < 0 ? new String[0] : note.substring(0, end).split("\n", -1);
    if (lines.length < 3
        || !lines[1].equals(Long.toString(claim.size))
        || !lines[2].equals(Base64.getEncoder().encodeToString(claim.root))) {
      throw new BadDocumentException("a proof and a checkpoint of a log that differ");
    }
    byte[] text = note.substring(0, end + 1).getBytes(StandardCharsets.UTF_8);
    boolean signed = false;
    String[] signatures = note.substring(end + 2).split("\n");
    if (signatures.length > MAX_NOTE_SIGNATURES) {
      throw new BadDocumentException("a checkpoint with too many signatures");
    }
    for (String line : signatures) {
      String[] words = line.split(" ");
      if (words.length == 3 && words[0].equals("\u2014")) {
        byte[] signature = Base64.getDecoder().decode(words[2]);
        signed |=
            signature.length > 4
                && log.key().signed(text, Arrays.copyOfRange(signature, 4, signature.length));
      }
    }
    if (!signed) {
      throw new BadDocumentException("a checkpoint that its log has not signed");
    }
    if (!Arrays.equals(rootOf(claim), claim.root)) {
      throw new BadDocumentException("a log entry that is not in its log");
    }
  }

  /** The root that a log has if the entry is in it (RFC 9162, 2.1.3.2). */
  private byte[] rootOf(Proof claim) throws BadDocumentException {
    if (claim.index < 0 || claim.index >= claim.size) {
      throw new BadDocumentException("a log entry beyond the end of its log");
    }
    MessageDigest digest = Digests.sha256();
    digest.update((byte) 0);
    byte[] hash = digest.digest(body);
    long at = claim.index;
    long last = claim.size - 1;
    for (byte[] other : claim.hashes) {
      if (last == 0) {
        throw new BadDocumentException("a proof that is too long");
      }
      boolean right = (at & 1) == 1 || at == last;
      digest.update((byte) 1);
      digest.update(right ? other : hash);
      hash = digest.digest(right ? hash : other);
      if (right) {
        while ((at & 1) == 0 && at != 0) {
          at >>>= 1;
          last >>>= 1;
        }
      }
      at >>>= 1;
      last >>>= 1;
    }
    if (last != 0) {
      throw new BadDocumentException("a proof that is too short");
    }
    return hash;
  }

  /** Returns if the entry is of this content, signature and certificate. */
  void matches(byte[] content, byte[] signature, byte[] certificate) throws BadDocumentException {
    JsonObject entry = Json.parse(body);
    JsonObject spec = required(entry, "spec");
    String kind = entry.requiredString("kind") + " " + entry.requiredString("apiVersion");
    JsonObject hash;
    byte[] loggedSignature;
    byte[] loggedCertificate;
    switch (kind) {
      case "hashedrekord 0.0.1" -> {
        hash = required(required(spec, "data"), "hash");
        JsonObject signed = required(spec, "signature");
        loggedSignature = base64(signed, "content");
        loggedCertificate = base64(required(signed, "publicKey"), "content");
      }
      case "dsse 0.0.1" -> {
        hash = required(spec, "payloadHash");
        List<JsonObject> signatures = spec.objects("signatures");
        if (signatures.size() != 1) {
          throw new BadDocumentException("a log entry of not exactly one signature");
        }
        loggedSignature = base64(signatures.getFirst(), "signature");
        loggedCertificate = base64(signatures.getFirst(), "verifier");
      }
      default -> throw new BadDocumentException("a log entry of an unknown kind");
    }
    if (!hash.requiredString("algorithm").equals("sha256")
        || !Digests.of(content).equals("sha256:" + hash.requiredString("value"))
        || !Arrays.equals(signature, loggedSignature)
        || !Arrays.equals(
            certificate, pem(new String(loggedCertificate, StandardCharsets.UTF_8)))) {
      throw new BadDocumentException("a log entry of another signature");
    }
  }

  /** The DER form of the first certificate in a PEM text. */
  static byte[] pem(String text) throws BadDocumentException {
    String begin = "-----BEGIN CERTIFICATE-----";
    int start = text.indexOf(begin);
    int end = text.indexOf("-----END CERTIFICATE-----");
    if (start < 0 || end < start) {
      throw new BadDocumentException("no certificate where one should be");
    }
    return Base64.getMimeDecoder().decode(text.substring(start + begin.length(), end));
  }

  /** Bundles write 64-bit numbers as text. */
  private static long number(JsonObject json, String name) throws BadDocumentException {
    try {
      return Long.parseLong(json.requiredString(name));
    } catch (NumberFormatException e) {
      throw new BadDocumentException("'" + name + "' is not a whole number");
    }
  }

  private static byte[] base64(JsonObject json, String name) throws BadDocumentException {
    return Base64.getDecoder().decode(json.requiredString(name));
  }

  private static JsonObject required(JsonObject json, String name) throws BadDocumentException {
    return json.object(name).orElseThrow(() -> new BadDocumentException("no '" + name + "'"));
  }
}
