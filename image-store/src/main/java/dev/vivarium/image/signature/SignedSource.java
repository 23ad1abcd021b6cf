package dev.vivarium.image.signature;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Blobs;
import dev.vivarium.image.oci.Descriptor;
import dev.vivarium.image.oci.ImageSource;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import dev.vivarium.image.oci.Manifest;
import dev.vivarium.image.registry.RegistrySource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An image at a registry that is given out only if somebody trusted has signed it: its manifest, or
 * the index that led to it. Signatures are looked for where cosign puts them, beside the image:
 * under the tag {@code sha256-HEX.sig}, and as bundles among the referrers.
 */
public final class SignedSource implements ImageSource {
  private static final String SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
  private static final String CERTIFICATE = "dev.sigstore.cosign/certificate";
  private static final String LOG_ENTRY = "dev.sigstore.cosign/bundle";
  private static final String SIGNATURE = "dev.cosignproject.cosign/signature";
  private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  private static final String STATEMENT = "application/vnd.in-toto+json";
  private static final String SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
  private static final int MAX_PAYLOAD = 1 << 20;

  /** More are not looked at: somebody who can push could otherwise keep us busy. */
  private static final int MAX_SIGNATURES = 50;

  private final RegistrySource registry;
  private final List<TrustedSigner> signers;
  private final Set<VerifiedSignature> verified = new LinkedHashSet<>();
  private int seen;
  private String reason = "";

  public SignedSource(RegistrySource registry, List<? extends TrustedSigner> signers) {
    this.registry = registry;
    this.signers = List.copyOf(signers);
  }

  /**
   * A signature and what came with it.
   *
   * @param logged what an entry of a log must be of
   * @param certificate of whoever signed without a key of their own, in DER
   */
  private record Candidate(
      byte[] content,
      byte[] logged,
      byte[] signature,
      Optional<byte[]> certificate,
      Optional<LogEntry> entry) {}

  @Override
  public String name() {
    return registry.name();
  }

  @Override
  public Resolved resolve(String architecture) throws ImageException {
    Resolved image = registry.resolve(architecture);
    for (String digest : image.digests()) {
      simple(digest);
      bundles(digest);
    }
    if (verified.isEmpty()) {
      throw new ImageException(
          Kind.DENIED,
          (seen == 0 ? "not signed: " : "not signed by a trusted key or identity: ")
              + name()
              + " ("
              + image.digests().getLast()
              + "): "
              + (seen == 0
                  ? "its registry has no signature of it"
                  : seen
                      + " signatures of it were looked at, none is of a key or an identity that was"
                      + " given"
                      + (reason.isEmpty() ? "" : "; the last has " + reason))
              + "; nothing was stored");
    }
    return image;
  }

  @Override
  public InputStream open(Descriptor blob) throws IOException, ImageException {
    return registry.open(blob);
  }

  @Override
  public List<VerifiedSignature> verified() {
    return List.copyOf(verified);
  }

  @Override
  public void close() {
    registry.close();
  }

  /** What {@code cosign sign} up to version 2, skopeo and podman write. */
  private void simple(String digest) throws ImageException {
    Optional<Manifest> manifest = registry.tagged(digest.replace(':', '-') + ".sig");
    if (manifest.isEmpty() || !(manifest.get() instanceof Manifest.Image signatures)) {
      return;
    }
    for (Descriptor layer : signatures.layers()) {
      String signature = layer.annotations().get(SIGNATURE);
      if (!layer.mediaType().equals(SIMPLE_SIGNING)
          || signature == null
          || ++seen > MAX_SIGNATURES) {
        continue;
      }
      byte[] payload = Blobs.read(registry, layer, MAX_PAYLOAD);
      try {
        Optional<TrustedSigner> signer =
            signer(simple(layer, payload, Base64.getDecoder().decode(signature)));
        if (signer.isPresent()) {
          // The signature is good; now for what it says.
          verified.add(simplePayload(payload, digest, signer.get()));
        }
      } catch (BadDocumentException | IllegalArgumentException e) {
        // signed by a trusted key perhaps, but not a statement about this image
      }
    }
  }

  private Candidate simple(Descriptor layer, byte[] payload, byte[] signature) {
    String certificate = layer.annotations().get(CERTIFICATE);
    String entry = layer.annotations().get(LOG_ENTRY);
    return new Candidate(
        payload,
        payload,
        signature,
        certificate == null ? Optional.empty() : tolerant(() -> LogEntry.pem(certificate)),
        entry == null ? Optional.empty() : tolerant(() -> LogEntry.ofAnnotation(entry)));
  }

  private interface Reading<T> {
    T read() throws BadDocumentException;
  }

  /**
   * What a signature by a key needs not: where it cannot be read, it is as if it were not there.
   */
  private <T> Optional<T> tolerant(Reading<T> reading) {
    try {
      return Optional.of(reading.read());
    } catch (BadDocumentException | IllegalArgumentException e) {
      reason = String.valueOf(e.getMessage());
      return Optional.empty();
    }
  }

  private static VerifiedSignature simplePayload(
      byte[] payload, String digest, TrustedSigner signer) throws BadDocumentException {
    JsonObject critical = required(Json.parse(payload), "critical");
    if (!critical.requiredString("type").equals("cosign container image signature")) {
      throw new BadDocumentException("a signature of something else");
    }
    if (!required(critical, "image").requiredString("docker-manifest-digest").equals(digest)) {
      throw new BadDocumentException("a signature of another image");
    }
    String reference = required(critical, "identity").string("docker-reference").orElse("");
    return verified(digest, signer, "cosign", reference);
  }

  /** What {@code cosign sign} writes from version 3 on: an in-toto statement in a DSSE envelope. */
  private void bundles(String digest) throws ImageException {
    for (Descriptor referrer : registry.referrers(digest, BUNDLE)) {
      if (!(registry.parsed(referrer) instanceof Manifest.Image manifest)) {
        continue;
      }
      for (Descriptor layer : manifest.layers()) {
        if (!layer.mediaType().equals(BUNDLE) || ++seen > MAX_SIGNATURES) {
          continue;
        }
        byte[] bundle = Blobs.read(registry, layer, MAX_PAYLOAD);
        try {
          bundle(bundle, digest).ifPresent(verified::add);
        } catch (BadDocumentException | IllegalArgumentException e) {
          // not a bundle, or not about this image
        }
      }
    }
  }

  private Optional<VerifiedSignature> bundle(byte[] bundle, String digest)
      throws BadDocumentException {
    JsonObject json = Json.parse(bundle);
    JsonObject envelope = required(json, "dsseEnvelope");
    JsonObject material = required(json, "verificationMaterial");
    String type = envelope.requiredString("payloadType");
    byte[] payload = Base64.getDecoder().decode(envelope.requiredString("payload"));
    if (!type.equals(STATEMENT)) {
      throw new BadDocumentException("a bundle of something else");
    }
    if (envelope.objects("signatures").size() != 1) {
      throw new BadDocumentException("not exactly one signature");
    }
    byte[] signed = preAuthenticationEncoding(type, payload);
    for (JsonObject signature : envelope.objects("signatures")) {
      Optional<TrustedSigner> signer =
          signer(
              new Candidate(
                  signed,
                  payload,
                  Base64.getDecoder().decode(signature.requiredString("sig")),
                  tolerant(() -> certificate(material)),
                  tolerant(() -> entry(material))));
      if (signer.isEmpty()) {
        continue;
      }
      JsonObject statement = Json.parse(payload);
      if (!statement.requiredString("predicateType").equals(SIGN_PREDICATE)) {
        throw new BadDocumentException("a statement that is no signature");
      }
      for (JsonObject subject : statement.objects("subject")) {
        String hex = required(subject, "digest").string("sha256").orElse("");
        if (digest.equals("sha256:" + hex)) {
          return Optional.of(
              verified(digest, signer.get(), "sigstore-bundle", subject.string("name").orElse("")));
        }
      }
    }
    return Optional.empty();
  }

  private static byte[] preAuthenticationEncoding(String type, byte[] payload) {
    byte[] head =
        ("DSSEv1 " + type.length() + " " + type + " " + payload.length + " ")
            .getBytes(StandardCharsets.UTF_8);
    byte[] all = java.util.Arrays.copyOf(head, head.length + payload.length);
    System.arraycopy(payload, 0, all, head.length, payload.length);
    return all;
  }

  private static byte[] certificate(JsonObject material) throws BadDocumentException {
    Optional<JsonObject> certificate = material.object("certificate");
    if (certificate.isEmpty()) {
      certificate =
          required(material, "x509CertificateChain").objects("certificates").stream().findFirst();
    }
    if (certificate.isEmpty()) {
      throw new BadDocumentException("no certificate");
    }
    return Base64.getDecoder().decode(certificate.get().requiredString("rawBytes"));
  }

  private static LogEntry entry(JsonObject material) throws BadDocumentException {
    List<JsonObject> entries = material.objects("tlogEntries");
    if (entries.size() != 1) {
      throw new BadDocumentException("not exactly one entry of a log");
    }
    return LogEntry.ofBundle(entries.getFirst());
  }

  /** Whose signature it is, of those who are trusted. */
  private Optional<TrustedSigner> signer(Candidate candidate) {
    for (TrustedSigner signer : signers) {
      switch (signer) {
        case SignatureKey key -> {
          if (key.signed(candidate.content, candidate.signature)) {
            return Optional.of(key);
          }
        }
        case TrustedIdentity identity -> {
          if (candidate.certificate.isEmpty() || candidate.entry.isEmpty()) {
            reason = reason.isEmpty() ? "no certificate, or no entry of a log" : reason;
            continue;
          }
          try {
            identity.check(
                candidate.content,
                candidate.logged,
                candidate.signature,
                candidate.certificate.get(),
                candidate.entry.get());
            return Optional.of(identity);
          } catch (BadDocumentException | IllegalArgumentException e) {
            reason = String.valueOf(e.getMessage());
          }
        }
      }
    }
    return Optional.empty();
  }

  private static VerifiedSignature verified(
      String digest, TrustedSigner signer, String format, String reference) {
    return switch (signer) {
      case SignatureKey key ->
          new VerifiedSignature(digest, key.fingerprint(), format, reference, "", "");
      case TrustedIdentity identity ->
          new VerifiedSignature(
              digest,
              identity.root().digest(),
              format,
              reference,
              identity.identity(),
              identity.issuer());
    };
  }

  private static JsonObject required(JsonObject json, String name) throws BadDocumentException {
    return json.object(name).orElseThrow(() -> new BadDocumentException("no '" + name + "'"));
  }
}
