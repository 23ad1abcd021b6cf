package dev.vivarium.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.FakeRegistry;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.ImageReference;
import dev.vivarium.image.TestLayout;
import dev.vivarium.image.TestTar;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.store.ImageRecord;
import dev.vivarium.image.store.ImageStore;
import dev.vivarium.image.store.Progress;
import dev.vivarium.image.store.PullOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signatures by a certificate and a log's word, in both of cosign's forms. */
class KeylessPullTest {
  private static final String SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";
  private static final String BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

  @TempDir Path directory;
  private FakeRegistry registry;
  private ImageStore store;
  private String digest;
  private TestSigstore sigstore = new TestSigstore();

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

  private byte[] payload() {
    return ("{\"critical\":{\"identity\":{\"docker-reference\":\"example/team\"},\"image\":"
            + "{\"docker-manifest-digest\":\""
            + digest
            + "\"},\"type\":\"cosign container image signature\"},\"optional\":null}")
        .getBytes(UTF_8);
  }

  private byte[] manifest(String type, byte[] content, String annotations) {
    String empty = registry.blob("{}".getBytes(UTF_8));
    return ("{\"schemaVersion\":2,\"config\":"
            + TestLayout.descriptor("application/vnd.oci.empty.v1+json", empty, 2)
            + ",\"layers\":[{\"mediaType\":\""
            + type
            + "\",\"digest\":\""
            + registry.blob(content)
            + "\",\"size\":"
            + content.length
            + ",\"annotations\":{"
            + annotations
            + "}}]}")
        .getBytes(UTF_8);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }

  /** Signs as cosign did up to version 2. */
  private void signInAnnotations() {
    byte[] payload = payload();
    byte[] signature = TestSigstore.sign(sigstore.signer, payload);
    byte[] leaf = sigstore.leaf();
    annotate(payload, signature, leaf, sigstore.entry(payload, signature, leaf));
  }

  private void annotate(byte[] payload, byte[] signature, byte[] leaf, byte[] entry) {
    registry.manifest(
        digest.replace(':', '-') + ".sig",
        manifest(
            SIMPLE,
            payload,
            "\"dev.cosignproject.cosign/signature\":"
                + quoted(TestSigstore.base64(signature))
                + ",\"dev.sigstore.cosign/certificate\":"
                + quoted(TestSigstore.pem(leaf))
                + ",\"dev.sigstore.cosign/bundle\":"
                + quoted(sigstore.annotation(entry))));
  }

  private byte[] statement() {
    return ("{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"team\","
            + "\"digest\":{\"sha256\":\""
            + digest.substring(7)
            + "\"}}],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\",\"predicate\":{}}")
        .getBytes(UTF_8);
  }

  /** Signs as cosign does from version 3 on; the bundle, before it is changed. */
  private void signInBundle(boolean withPromise, UnaryOperator<String> change) {
    byte[] statement = statement();
    byte[] encoded =
        ("DSSEv1 28 application/vnd.in-toto+json " + statement.length + " ").getBytes(UTF_8);
    byte[] signed = new byte[encoded.length + statement.length];
    System.arraycopy(encoded, 0, signed, 0, encoded.length);
    System.arraycopy(statement, 0, signed, encoded.length, statement.length);
    byte[] signature = TestSigstore.sign(sigstore.signer, signed);
    byte[] leaf = sigstore.leaf();
    String bundle =
        "{\"mediaType\":\""
            + BUNDLE
            + "\",\"verificationMaterial\":{\"certificate\":{\"rawBytes\":\""
            + TestSigstore.base64(leaf)
            + "\"},\"tlogEntries\":["
            + sigstore.bundled(sigstore.envelopeEntry(statement, signature, leaf), withPromise)
            + "]},\"dsseEnvelope\":{\"payload\":\""
            + TestSigstore.base64(statement)
            + "\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\""
            + TestSigstore.base64(signature)
            + "\"}]}}";
    byte[] blob = change.apply(bundle).getBytes(UTF_8);
    byte[] manifest = manifest(BUNDLE, blob, "");
    registry.manifest(
        digest.replace(':', '-'),
        ("{\"schemaVersion\":2,\"manifests\":["
                + TestLayout.descriptor(
                    "application/vnd.oci.image.manifest.v1+json",
                    registry.manifest("bundle", manifest),
                    manifest.length)
                + "]}")
            .getBytes(UTF_8));
  }

  private TrustedIdentity trusted() throws Exception {
    Path file = Files.writeString(directory.resolve("root.json"), sigstore.trustRoot());
    return new TrustedIdentity(TestSigstore.IDENTITY, TestSigstore.ISSUER, TrustRoot.read(file));
  }

  private ImageRecord pull() throws Exception {
    return store.pull(
        ImageReference.parse(registry.host() + "/team/image:1"),
        PullOptions.DEFAULT.withTrusted(List.of(trusted())),
        Progress.NONE);
  }

  private void refused(String reason) throws Exception {
    ImageException e = assertThrows(ImageException.class, this::pull);
    assertEquals(Kind.DENIED, e.kind(), e.getMessage());
    assertTrue(e.getMessage().contains(reason), e.getMessage());
    assertEquals(List.of(), store.list());
  }

  @Test
  void aSignatureInAnnotationsIsRecordedWithWhoMadeIt() throws Exception {
    signInAnnotations();
    ImageRecord image = pull();
    VerifiedSignature made = store.signatures(image.id()).getFirst();
    assertEquals(
        new VerifiedSignature(
            digest,
            trusted().root().digest(),
            "cosign",
            "example/team",
            TestSigstore.IDENTITY,
            TestSigstore.ISSUER),
        made);
    assertTrue(trusted().made(made));
    assertFalse(new TrustedIdentity("x", TestSigstore.ISSUER, trusted().root()).made(made));
    assertFalse(new TrustedIdentity(TestSigstore.IDENTITY, "x", trusted().root()).made(made));
    sigstore = new TestSigstore();
    assertFalse(trusted().made(made), "by another trust root");
  }

  @Test
  void aBundleIsRecordedWithWhoMadeIt() throws Exception {
    signInBundle(true, bundle -> bundle);
    VerifiedSignature made = store.signatures(pull().id()).getFirst();
    assertEquals("sigstore-bundle", made.format());
    assertEquals(TestSigstore.IDENTITY, made.identity());
  }

  @Test
  void anAddressIsAnIdentityToo() throws Exception {
    sigstore.identity = "somebody@example.org";
    signInAnnotations();
    ImageRecord image =
        store.pull(
            ImageReference.parse(registry.host() + "/team/image:1"),
            PullOptions.DEFAULT.withTrusted(
                List.of(
                    new TrustedIdentity(
                        "somebody@example.org", TestSigstore.ISSUER, trusted().root()))),
            Progress.NONE);
    assertEquals("somebody@example.org", store.signatures(image.id()).getFirst().identity());
  }

  /** Each thing that may be wrong, alone. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "identity | another identity: https://example.org/other",
        "longer   | another identity",
        "issuer   | another issuer: https://issuer.example.com",
        "early    | no trusted authority",
        "late     | no trusted authority",
        "purpose  | not for signing",
        "ca       | certificate of an authority",
        "no-sct   | no trusted log has seen",
        "sct      | no trusted log has seen",
        "set      | no trusted log has signed",
        "by       | no trusted authority",
      })
  void whatIsWrongIsRefusedAndNamed(String what, String reason) throws Exception {
    Consumer<TestSigstore> change =
        switch (what) {
          case "identity" -> s -> s.identity = "https://example.org/other";
          case "longer" -> s -> s.identity = TestSigstore.IDENTITY + "/more";
          case "issuer" -> s -> s.issuer = "https://issuer.example.com";
          case "early" -> s -> s.logged = s.logged.minusSeconds(3600);
          case "late" -> s -> s.logged = s.logged.plusSeconds(3600);
          case "purpose" -> s -> s.codeSigning = false;
          case "ca" -> s -> s.authority = true;
          case "no-sct" -> s -> s.timestampBy = null;
          case "sct" -> s -> s.timestampBy = TestSigstore.pair();
          case "set" -> s -> s.promiseBy = TestSigstore.pair();
          case "by" -> s -> s.issuedBy = TestSigstore.pair();
          default -> throw new IllegalArgumentException(what);
        };
    change.accept(sigstore);
    signInAnnotations();
    refused(reason);
    signInBundle(true, bundle -> bundle);
    registry.manifest(
        digest.replace(':', '-') + ".sig",
        new String(manifest(SIMPLE, new byte[0], ""), UTF_8)
            .replaceFirst("\"layers\":.*", "\"layers\":[]}")
            .getBytes(UTF_8));
    refused(reason);
  }

  @Test
  void anotherInstallationsSignatureIsRefused() throws Exception {
    signInAnnotations();
    sigstore = new TestSigstore();
    refused("no trusted log has signed");
  }

  @Test
  void anEntryOfAnotherSignatureIsRefused() throws Exception {
    byte[] payload = payload();
    byte[] leaf = sigstore.leaf();
    byte[] signature = TestSigstore.sign(sigstore.signer, payload);
    byte[] other = TestSigstore.sign(sigstore.signer, payload);
    annotate(payload, signature, leaf, sigstore.entry(payload, other, leaf));
    refused("a log entry of another signature");
    annotate(payload, signature, leaf, sigstore.entry("other".getBytes(UTF_8), signature, leaf));
    refused("a log entry of another signature");
    annotate(payload, signature, leaf, sigstore.entry(payload, signature, sigstore.leaf()));
    refused("a log entry of another signature");
    byte[] wrong = TestSigstore.sign(TestSigstore.pair(), payload);
    annotate(payload, wrong, leaf, sigstore.entry(payload, wrong, leaf));
    refused("a wrong signature");
  }

  @Test
  void aProofThatDoesNotHoldIsRefused() throws Exception {
    signInBundle(true, bundle -> bundle.replace("\"treeSize\":\"5\"", "\"treeSize\":\"6\""));
    refused("a proof and a checkpoint of a log that differ");
    signInBundle(true, bundle -> bundle.replace("\"logIndex\":\"2\"", "\"logIndex\":\"3\""));
    refused("a log entry that is not in its log");
    signInBundle(true, bundle -> bundle.replace("\"logIndex\":\"2\"", "\"logIndex\":\"5\""));
    refused("beyond the end of its log");
    signInBundle(true, bundle -> bundle.replaceFirst("\"hashes\":\\[\"[^\"]*\",", "\"hashes\":["));
    refused("not signed by a trusted key or identity");
    sigstore.checkpointBy = TestSigstore.pair();
    signInBundle(true, bundle -> bundle);
    refused("a checkpoint that its log has not signed");
  }

  @Test
  void anEntryWithoutASignedTimeIsRefused() throws Exception {
    signInBundle(false, bundle -> bundle);
    refused("without the log's signed time");
  }

  @Test
  void aKeysSignatureIsNoIdentitys() throws Exception {
    byte[] payload = payload();
    registry.manifest(
        digest.replace(':', '-') + ".sig",
        manifest(
            SIMPLE,
            payload,
            "\"dev.cosignproject.cosign/signature\":"
                + quoted(TestSigstore.base64(TestSigstore.sign(sigstore.signer, payload)))));
    refused("no certificate, or no entry of a log");
  }

  @Test
  void whatIsNoTrustRootIsNamed() throws Exception {
    for (String bad :
        List.of(
            "",
            "{}",
            "{\"tlogs\":[{}]}",
            sigstore.trustRoot().replace("2025-01-01", "2025-99-01"),
            sigstore.trustRoot().replace("rawBytes\":\"M", "rawBytes\":\"A"))) {
      Path file = Files.writeString(directory.resolve("bad.json"), bad);
      ImageException e = assertThrows(ImageException.class, () -> TrustRoot.read(file));
      assertEquals(Kind.DENIED, e.kind());
      assertTrue(e.getMessage().startsWith("not a trust root: "), e.getMessage());
    }
    ImageException e =
        assertThrows(ImageException.class, () -> TrustRoot.read(directory.resolve("none")));
    assertEquals(Kind.NOT_FOUND, e.kind());
    Json.parse(sigstore.trustRoot().getBytes(UTF_8));
  }
}
