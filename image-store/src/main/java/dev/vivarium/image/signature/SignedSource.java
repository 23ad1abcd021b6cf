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
 * An image at a registry that is given out only if one of the keys has signed it: its manifest, or
 * the index that led to it. Signatures are looked for where cosign puts them, beside the image:
 * under the tag {@code sha256-HEX.sig}, and as bundles among the referrers.
 */
public final class SignedSource implements ImageSource {
  private static final String SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
  private static final String SIGNATURE = "dev.cosignproject.cosign/signature";
  private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
  private static final String STATEMENT = "application/vnd.in-toto+json";
  private static final String SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
  private static final int MAX_PAYLOAD = 1 << 20;

  /** More are not looked at: somebody who can push could otherwise keep us busy. */
  private static final int MAX_SIGNATURES = 50;

  private final RegistrySource registry;
  private final List<SignatureKey> keys;
  private final Set<VerifiedSignature> verified = new LinkedHashSet<>();
  private int seen;

  public SignedSource(RegistrySource registry, List<SignatureKey> keys) {
    this.registry = registry;
    this.keys = List.copyOf(keys);
  }

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
          (seen == 0 ? "not signed: " : "not signed by a trusted key: ")
              + name()
              + " ("
              + image.digests().getLast()
              + "): "
              + (seen == 0
                  ? "its registry has no signature of it"
                  : seen + " signatures of it were looked at, none is of a key that was given")
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
        Optional<SignatureKey> signer = signer(payload, Base64.getDecoder().decode(signature));
        if (signer.isPresent()) {
          // The signature is good; now for what it says.
          verified.add(simplePayload(payload, digest, signer.get()));
        }
      } catch (BadDocumentException | IllegalArgumentException e) {
        // signed by a trusted key perhaps, but not a statement about this image
      }
    }
  }

  private static VerifiedSignature simplePayload(byte[] payload, String digest, SignatureKey key)
      throws BadDocumentException {
    JsonObject critical = required(Json.parse(payload), "critical");
    if (!critical.requiredString("type").equals("cosign container image signature")) {
      throw new BadDocumentException("a signature of something else");
    }
    if (!required(critical, "image").requiredString("docker-manifest-digest").equals(digest)) {
      throw new BadDocumentException("a signature of another image");
    }
    String reference = required(critical, "identity").string("docker-reference").orElse("");
    return new VerifiedSignature(digest, key.fingerprint(), "cosign", reference);
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
    JsonObject envelope = required(Json.parse(bundle), "dsseEnvelope");
    String type = envelope.requiredString("payloadType");
    byte[] payload = Base64.getDecoder().decode(envelope.requiredString("payload"));
    if (!type.equals(STATEMENT)) {
      throw new BadDocumentException("a bundle of something else");
    }
    byte[] signed = preAuthenticationEncoding(type, payload);
    for (JsonObject signature : envelope.objects("signatures")) {
      Optional<SignatureKey> signer =
          signer(signed, Base64.getDecoder().decode(signature.requiredString("sig")));
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
              new VerifiedSignature(
                  digest,
                  signer.get().fingerprint(),
                  "sigstore-bundle",
                  subject.string("name").orElse("")));
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

  private Optional<SignatureKey> signer(byte[] content, byte[] signature) {
    return keys.stream().filter(key -> key.signed(content, signature)).findFirst();
  }

  private static JsonObject required(JsonObject json, String name) throws BadDocumentException {
    return json.object(name).orElseThrow(() -> new BadDocumentException("no '" + name + "'"));
  }
}
