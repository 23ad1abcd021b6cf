package dev.vivarium.image.signature;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vivarium.image.Digests;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * An installation of Sigstore in small: an authority with a root and an issuing certificate, a log
 * of certificates, a log of signatures. Everything that a test wants to be wrong can be set.
 */
final class TestSigstore {
  static final String IDENTITY = "https://example.org/team/app/release@main";
  static final String ISSUER = "https://issuer.example.org";

  private static final String ECDSA = "2a8648ce3d040302";
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  final KeyPair root = pair();
  final KeyPair issuing = pair();
  final KeyPair certificateLog = pair();
  final KeyPair signatureLog = pair();

  /** The signer's own, for one signature. */
  final KeyPair signer = pair();

  String identity = IDENTITY;
  String issuer = ISSUER;
  Instant logged = NOW.plusSeconds(10);
  boolean codeSigning = true;
  boolean authority;
  KeyPair timestampBy = certificateLog;
  KeyPair promiseBy = signatureLog;
  KeyPair checkpointBy = signatureLog;
  KeyPair issuedBy = issuing;
  private String trustRoot = "";

  static KeyPair pair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] sign(KeyPair pair, byte[] content) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(pair.getPrivate());
      signature.update(content);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] sha256(byte[]... parts) {
    MessageDigest digest = Digests.sha256();
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] der(int tag, byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return Der.encode(tag, all.toByteArray());
  }

  private static byte[] sequence(byte[]... parts) {
    return der(Der.SEQUENCE, parts);
  }

  private static byte[] oid(String hex) {
    return der(Der.OBJECT_IDENTIFIER, HexFormat.of().parseHex(hex));
  }

  private static byte[] bits(byte[] bytes) {
    return der(0x03, new byte[] {0}, bytes);
  }

  private static byte[] time(Instant time) {
    return der(
        0x17,
        DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'")
            .withZone(ZoneOffset.UTC)
            .format(time)
            .getBytes(UTF_8));
  }

  private static byte[] name(String common) {
    return common.isEmpty()
        ? sequence()
        : sequence(
            der(0x31, sequence(oid("550403"), der(Der.UTF8_STRING, common.getBytes(UTF_8)))));
  }

  private static byte[] extension(String oid, boolean critical, byte[] value) {
    return sequence(
        oid(oid),
        critical ? der(0x01, new byte[] {(byte) 0xff}) : new byte[0],
        der(Der.OCTET_STRING, value));
  }

  private static byte[] body(
      String issuer, String subject, KeyPair key, Instant from, Instant to, byte[] extensions) {
    return sequence(
        der(0xa0, der(0x02, new byte[] {2})),
        der(0x02, new byte[] {1, 2, 3}),
        sequence(oid(ECDSA)),
        name(issuer),
        sequence(time(from), time(to)),
        name(subject),
        key.getPublic().getEncoded(),
        der(0xa3, sequence(extensions)));
  }

  private static byte[] certificate(byte[] body, KeyPair by) {
    return sequence(body, sequence(oid(ECDSA)), bits(sign(by, body)));
  }

  private static byte[] authority(String issuer, String subject, KeyPair key, KeyPair by) {
    ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    extensions.writeBytes(extension("551d13", true, sequence(der(0x01, new byte[] {(byte) 0xff}))));
    extensions.writeBytes(extension("551d0f", true, der(0x03, new byte[] {1, 6})));
    Instant from = NOW.minusSeconds(1_000_000);
    Instant to = NOW.plusSeconds(100_000_000);
    return certificate(body(issuer, subject, key, from, to, extensions.toByteArray()), by);
  }

  /** The certificate that the authority gives the signer: it lives for ten minutes. */
  byte[] leaf() {
    ByteArrayOutputStream extensions = new ByteArrayOutputStream();
    extensions.writeBytes(extension("551d0f", true, der(0x03, new byte[] {7, (byte) 0x80})));
    if (codeSigning) {
      extensions.writeBytes(extension("551d25", false, sequence(oid("2b06010505070303"))));
    }
    if (authority) {
      extensions.writeBytes(
          extension("551d13", true, sequence(der(0x01, new byte[] {(byte) 0xff}))));
    }
    int kind = identity.contains("@") && !identity.contains(":") ? 0x81 : 0x86;
    extensions.writeBytes(extension("551d11", true, sequence(der(kind, identity.getBytes(UTF_8)))));
    extensions.writeBytes(
        extension("2b0601040183bf300108", false, der(Der.UTF8_STRING, issuer.getBytes(UTF_8))));
    Instant to = NOW.plusSeconds(600);
    byte[] before = body("issuing", "", signer, NOW, to, extensions.toByteArray());
    if (timestampBy != null) {
      byte[] list = timestamp(before);
      ByteBuffer framed = ByteBuffer.allocate(list.length + 4);
      framed.putShort((short) (list.length + 2)).putShort((short) list.length).put(list);
      extensions.writeBytes(
          extension("2b06010401d679020402", false, der(Der.OCTET_STRING, framed.array())));
    }
    return certificate(body("issuing", "", signer, NOW, to, extensions.toByteArray()), issuedBy);
  }

  private byte[] timestamp(byte[] before) {
    byte[] issuerKey = sha256(issuing.getPublic().getEncoded());
    long millis = NOW.toEpochMilli();
    ByteBuffer signed = ByteBuffer.allocate(before.length + 49);
    signed.put((byte) 0).put((byte) 0).putLong(millis).putShort((short) 1).put(issuerKey);
    signed.put((byte) 0).putShort((short) before.length).put(before).putShort((short) 0);
    byte[] signature = sign(timestampBy, signed.array());
    ByteBuffer timestamp = ByteBuffer.allocate(47 + signature.length);
    timestamp.put((byte) 0).put(sha256(timestampBy.getPublic().getEncoded())).putLong(millis);
    timestamp.putShort((short) 0).put((byte) 4).put((byte) 3);
    return timestamp.putShort((short) signature.length).put(signature).array();
  }

  static String pem(byte[] certificate) {
    return "-----BEGIN CERTIFICATE-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate)
        + "\n-----END CERTIFICATE-----\n";
  }

  /** The entry of a plain signature. */
  byte[] entry(byte[] content, byte[] signature, byte[] certificate) {
    return ("{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{\"data\":{\"hash\":"
            + "{\"algorithm\":\"sha256\",\"value\":\""
            + Digests.hex(Digests.of(content))
            + "\"}},\"signature\":{\"content\":\""
            + base64(signature)
            + "\",\"publicKey\":{\"content\":\""
            + base64(pem(certificate).getBytes(UTF_8))
            + "\"}}}}")
        .getBytes(UTF_8);
  }

  /** The entry of an envelope. */
  byte[] envelopeEntry(byte[] payload, byte[] signature, byte[] certificate) {
    return ("{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\",\"spec\":{\"envelopeHash\":"
            + "{\"algorithm\":\"sha256\",\"value\":\"00\"},\"payloadHash\":{\"algorithm\":"
            + "\"sha256\",\"value\":\""
            + Digests.hex(Digests.of(payload))
            + "\"},\"signatures\":[{\"signature\":\""
            + base64(signature)
            + "\",\"verifier\":\""
            + base64(pem(certificate).getBytes(UTF_8))
            + "\"}]}}")
        .getBytes(UTF_8);
  }

  private String logId() {
    return HexFormat.of().formatHex(sha256(signatureLog.getPublic().getEncoded()));
  }

  private byte[] promise(byte[] entry) {
    return sign(
        promiseBy,
        ("{\"body\":\""
                + base64(entry)
                + "\",\"integratedTime\":"
                + logged.getEpochSecond()
                + ",\"logID\":\""
                + logId()
                + "\",\"logIndex\":77}")
            .getBytes(UTF_8));
  }

  /** The log's word as cosign writes it into an annotation. */
  String annotation(byte[] entry) {
    return "{\"SignedEntryTimestamp\":\""
        + base64(promise(entry))
        + "\",\"Payload\":{\"body\":\""
        + base64(entry)
        + "\",\"integratedTime\":"
        + logged.getEpochSecond()
        + ",\"logIndex\":77,\"logID\":\""
        + logId()
        + "\"}}";
  }

  /** The log's word as a bundle has it, with a proof: the entry is the third of five. */
  String bundled(byte[] entry, boolean withPromise) {
    byte[][] leaves = new byte[5][];
    for (int i = 0; i < 5; i++) {
      byte[] body = i == 2 ? entry : new byte[] {(byte) i};
      leaves[i] = sha256(new byte[] {0}, body);
    }
    byte[] one = {1};
    byte[] left = sha256(one, leaves[0], leaves[1]);
    byte[] four = sha256(one, left, sha256(one, leaves[2], leaves[3]));
    byte[] top = sha256(one, four, leaves[4]);
    List<String> hashes = new ArrayList<>();
    for (byte[] hash : List.of(leaves[3], left, leaves[4])) {
      hashes.add('"' + base64(hash) + '"');
    }
    String text = "log.example.org - 1\n5\n" + base64(top) + "\n";
    ByteArrayOutputStream signature = new ByteArrayOutputStream();
    signature.write(sha256(signatureLog.getPublic().getEncoded()), 0, 4);
    signature.writeBytes(sign(checkpointBy, text.getBytes(UTF_8)));
    String note = text + "\n\u2014 log.example.org " + base64(signature.toByteArray()) + "\n";
    return "{\"logIndex\":\"77\",\"logId\":{\"keyId\":\""
        + base64(sha256(signatureLog.getPublic().getEncoded()))
        + "\"},\"kindVersion\":{\"kind\":\"dsse\",\"version\":\"0.0.1\"},\"integratedTime\":\""
        + logged.getEpochSecond()
        + "\","
        + (withPromise
            ? "\"inclusionPromise\":{\"signedEntryTimestamp\":\"" + base64(promise(entry)) + "\"},"
            : "")
        + "\"inclusionProof\":{\"logIndex\":\"2\",\"rootHash\":\""
        + base64(top)
        + "\",\"treeSize\":\"5\",\"hashes\":["
        + String.join(",", hashes)
        + "],\"checkpoint\":{\"envelope\":\""
        + note.replace("\n", "\\n")
        + "\"}},\"canonicalizedBody\":\""
        + base64(entry)
        + "\"}";
  }

  /** The trust root's file: always the same, though each signature in it is another. */
  String trustRoot() {
    if (trustRoot.isEmpty()) {
      trustRoot = makeTrustRoot();
    }
    return trustRoot;
  }

  private String makeTrustRoot() {
    return "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\","
        + "\"tlogs\":["
        + log(signatureLog)
        + "],\"ctlogs\":["
        + log(certificateLog)
        + "],\"certificateAuthorities\":[{\"uri\":\"https://ca.example.org\",\"certChain\":"
        + "{\"certificates\":[{\"rawBytes\":\""
        + base64(authority("root", "issuing", issuing, root))
        + "\"},{\"rawBytes\":\""
        + base64(authority("root", "root", root, root))
        + "\"}]},\"validFor\":{\"start\":\"2025-01-01T00:00:00.000Z\"}}],"
        + "\"timestampAuthorities\":[]}";
  }

  private static String log(KeyPair key) {
    byte[] der = key.getPublic().getEncoded();
    return "{\"baseUrl\":\"https://log.example.org\",\"hashAlgorithm\":\"SHA2_256\",\"publicKey\":"
        + "{\"rawBytes\":\""
        + base64(der)
        + "\",\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"validFor\":"
        + "{\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2027-01-01T00:00:00Z\"}},"
        + "\"logId\":{\"keyId\":\""
        + base64(sha256(der))
        + "\"}}";
  }
}
