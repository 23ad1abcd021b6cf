package dev.vivarium.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.Digests;
import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignedPullTest {
  private static final String SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
  private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

  @TempDir Path directory;
  private FakeRegistry registry;
  private ImageStore store;
  private String digest;
  private final KeyPair key = pair("EC");

  @BeforeEach
  void start() throws Exception {
    registry = new FakeRegistry();
    store = ImageStore.open(directory.resolve("store"));
    digest = registry.image("1", new TestLayout().layer(new TestTar().file("a", "x").end()));
  }

  @AfterEach
  void stop() {
    store.close();
    registry.close();
  }

  private static KeyPair pair(String kind) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(kind);
      if (kind.equals("EC")) {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      }
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] sign(KeyPair pair, byte[] content) throws Exception {
    String algorithm =
        switch (pair.getPrivate().getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> "Ed25519";
        };
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(pair.getPrivate());
    signature.update(content);
    return signature.sign();
  }

  private Path pem(KeyPair pair) throws IOException {
    return Files.writeString(
        Files.createTempFile(directory, "key", ".pub"),
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(pair.getPublic().getEncoded())
            + "\n-----END PUBLIC KEY-----\n");
  }

  private static byte[] payload(String signed, String type) {
    return ("{\"critical\":{\"identity\":{\"docker-reference\":\"example/team\"},"
            + "\"image\":{\"docker-manifest-digest\":\""
            + signed
            + "\"},"
            + "\"type\":\""
            + type
            + "\"},\"optional\":null}")
        .getBytes(UTF_8);
  }

  private static byte[] payload(String signed) {
    return payload(signed, "cosign container image signature");
  }

  private byte[] manifest(String layerType, String blob, int size, String annotations) {
    String empty = registry.blob("{}".getBytes(UTF_8));
    return ("{\"schemaVersion\":2,\"config\":"
            + TestLayout.descriptor("application/vnd.oci.empty.v1+json", empty, 2)
            + ",\"layers\":[{\"mediaType\":\""
            + layerType
            + "\",\"digest\":\""
            + blob
            + "\",\"size\":"
            + size
            + ",\"annotations\":{"
            + annotations
            + "}}]}")
        .getBytes(UTF_8);
  }

  /** Puts a signature where cosign puts it. */
  private void attach(String image, byte[] payload, byte[] signature) {
    String blob = registry.blob(payload);
    String annotation =
        "\"dev.cosignproject.cosign/signature\":\""
            + Base64.getEncoder().encodeToString(signature)
            + "\"";
    registry.manifest(
        image.replace(':', '-') + ".sig", manifest(SIMPLE, blob, payload.length, annotation));
  }

  private ImageRecord pull(KeyPair... trusted) throws Exception {
    List<SignatureKey> keys = new java.util.ArrayList<>();
    for (KeyPair pair : trusted) {
      keys.addAll(SignatureKey.read(pem(pair)));
    }
    return store.pull(
        ImageReference.parse(registry.host() + "/team/image:1"),
        PullOptions.DEFAULT.withTrusted(keys),
        Progress.NONE);
  }

  private void refused(String message, KeyPair... trusted) throws Exception {
    ImageException e = assertThrows(ImageException.class, () -> pull(trusted));
    assertEquals(Kind.DENIED, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertEquals(List.of(), store.list());
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC", "Ed25519", "RSA"})
  void aGoodSignatureIsRecorded(String kind) throws Exception {
    KeyPair signer = pair(kind);
    attach(digest, payload(digest), sign(signer, payload(digest)));
    ImageRecord image = pull(key, signer);
    assertEquals(
        List.of(
            new VerifiedSignature(
                digest,
                Digests.of(signer.getPublic().getEncoded()),
                "cosign",
                "example/team",
                "",
                "")),
        store.signatures(image.id()));
    store.remove(image.id());
    assertEquals(List.of(), store.signatures(image.id()));
  }

  @Test
  void withoutAKeyNothingIsAskedFor() throws Exception {
    ImageRecord image = pull();
    assertEquals(List.of(), store.signatures(image.id()));
    assertTrue(registry.requests().stream().noneMatch(r -> r.contains(".sig")));
  }

  @Test
  void whatIsNotSignedIsRefusedBeforeALayerIsFetched() throws Exception {
    refused("not signed: ", key);
    assertEquals(1, registry.requests().stream().filter(r -> r.contains("/blobs/")).count());
  }

  @Test
  void anotherKeysSignatureIsRefused() throws Exception {
    attach(digest, payload(digest), sign(pair("EC"), payload(digest)));
    refused("not signed by a trusted key", key);
  }

  @Test
  void aSignatureOfAnotherImageIsRefused() throws Exception {
    byte[] other = payload("sha256:" + "0".repeat(64));
    attach(digest, other, sign(key, other));
    refused("not signed by a trusted key", key);
  }

  @Test
  void aSignatureOfSomethingElseIsRefused() throws Exception {
    byte[] other = payload(digest, "a letter");
    attach(digest, other, sign(key, other));
    refused("not signed by a trusted key", key);
    attach(digest, "no JSON".getBytes(UTF_8), sign(key, "no JSON".getBytes(UTF_8)));
    refused("not signed by a trusted key", key);
  }

  @Test
  void aPayloadThatWasChangedIsRefused() throws Exception {
    attach(digest, payload(digest), sign(key, payload("sha256:" + "0".repeat(64))));
    refused("not signed by a trusted key", key);
    attach(digest, payload(digest), new byte[] {1, 2, 3});
    refused("not signed by a trusted key", key);
  }

  @Test
  void theSignatureOfAnIndexHoldsForItsImages() throws Exception {
    byte[] index =
        ("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
                + "\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\""
                + digest
                + "\",\"size\":"
                + manifestSize()
                + ",\"platform\":{\"os\":\"linux\","
                + "\"architecture\":\"amd64\"}}]}")
            .getBytes(UTF_8);
    String indexDigest = registry.manifest("1", index);
    attach(indexDigest, payload(indexDigest), sign(key, payload(indexDigest)));
    ImageRecord image = pull(key);
    assertEquals(indexDigest, store.signatures(image.id()).getFirst().digest());
    assertEquals(digest, image.manifestDigest());
  }

  private int manifestSize() {
    return new TestLayout().layer(new TestTar().file("a", "x").end()).manifest().length;
  }

  private static byte[] bundle(byte[] statement, byte[] signature) {
    return ("{\"mediaType\":\""
            + BUNDLE
            + "\",\"verificationMaterial\":{\"publicKey\":{}},"
            + "\"dsseEnvelope\":{\"payload\":\""
            + Base64.getEncoder().encodeToString(statement)
            + "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\""
            + Base64.getEncoder().encodeToString(signature)
            + "\"}]}}")
        .getBytes(UTF_8);
  }

  private static byte[] statement(String signed, String predicate) {
    return ("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"team\","
            + "\"digest\":{\"sha256\":\""
            + signed.substring(7)
            + "\"}}],\"predicateType\":\""
            + predicate
            + "\",\"predicate\":{}}")
        .getBytes(UTF_8);
  }

  private void attachBundle(byte[] bundle, boolean byTag) {
    String blob = registry.blob(bundle);
    String referrer = registry.manifest("bundle", manifest(BUNDLE, blob, bundle.length, ""));
    int size = manifest(BUNDLE, blob, bundle.length, "").length;
    byte[] index =
        ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                + "\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                + "\"digest\":\""
                + referrer
                + "\",\"size\":"
                + size
                + ",\"artifactType\":\""
                + BUNDLE
                + "\"}]}")
            .getBytes(UTF_8);
    if (byTag) {
      registry.manifest(digest.replace(':', '-'), index);
    } else {
      registry.other("/v2/team/image/referrers/" + digest, index);
    }
  }

  private static byte[] encoded(byte[] statement) {
    return ("DSSEv1 28 application/vnd.in-toto+json "
            + statement.length
            + " "
            + new String(statement, UTF_8))
        .getBytes(UTF_8);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aBundleAmongTheReferrersIsTaken(boolean byTag) throws Exception {
    byte[] statement = statement(digest, "https://sigstore.dev/cosign/sign/v1");
    attachBundle(bundle(statement, sign(key, encoded(statement))), byTag);
    ImageRecord image = pull(key);
    assertEquals("sigstore-bundle", store.signatures(image.id()).getFirst().format());
  }

  @Test
  void aBundleThatIsNoSignatureOfThisImageIsRefused() throws Exception {
    for (byte[] statement :
        List.of(
            statement("sha256:" + "0".repeat(64), "https://sigstore.dev/cosign/sign/v1"),
            statement(digest, "https://slsa.dev/provenance/v1"))) {
      attachBundle(bundle(statement, sign(key, encoded(statement))), true);
      refused("not signed by a trusted key", key);
    }
    byte[] statement = statement(digest, "https://sigstore.dev/cosign/sign/v1");
    attachBundle(bundle(statement, sign(key, statement)), true);
    refused("not signed by a trusted key", key);
  }

  @Test
  void whatIsNoKeyIsNamed() throws Exception {
    for (Map.Entry<String, String> bad :
        Map.of(
                "nothing", "no PEM block",
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "not a public key")
            .entrySet()) {
      Path file = Files.writeString(directory.resolve("bad.pub"), bad.getKey());
      ImageException e = assertThrows(ImageException.class, () -> SignatureKey.read(file));
      assertTrue(e.getMessage().contains(bad.getValue()), e.getMessage());
    }
    ImageException e =
        assertThrows(ImageException.class, () -> SignatureKey.read(directory.resolve("none")));
    assertEquals(Kind.NOT_FOUND, e.kind());
  }
}
