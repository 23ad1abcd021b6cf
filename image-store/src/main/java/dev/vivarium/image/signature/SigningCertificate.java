package dev.vivarium.image.signature;

import dev.vivarium.image.oci.BadDocumentException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A certificate that was handed out for one signature, as Fulcio does. */
final class SigningCertificate {
  private static final String CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
  private static final String TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2";
  private static final byte[] TIMESTAMPS_DER = HexFormat.of().parseHex("2b06010401d679020402");
  private static final String ISSUER_OLD = "1.3.6.1.4.1.57264.1.1";
  private static final String ISSUER = "1.3.6.1.4.1.57264.1.8";
  private static final int EXTENSIONS = 0xa3;
  private static final int EMAIL = 1;
  private static final int URI = 6;

  private final X509Certificate certificate;
  private final byte[] der;

  private SigningCertificate(X509Certificate certificate, byte[] der) {
    this.certificate = certificate;
    this.der = der;
  }

  static SigningCertificate parse(byte[] der) throws GeneralSecurityException {
    X509Certificate certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der));
    return new SigningCertificate(certificate, certificate.getEncoded());
  }

  PublicKey key() {
    return certificate.getPublicKey();
  }

  byte[] der() {
    return der;
  }

  /** Returns if the certificate was good at that time. */
  void verify(TrustRoot root, Instant time) throws GeneralSecurityException, BadDocumentException {
    if (certificate.getBasicConstraints() >= 0) {
      throw new BadDocumentException("a certificate of an authority");
    }
    List<String> uses = certificate.getExtendedKeyUsage();
    if (uses == null || !uses.contains(CODE_SIGNING)) {
      throw new BadDocumentException("a certificate that is not for signing");
    }
    CertPathValidatorException last = null;
    for (TrustRoot.Authority authority : root.authorities()) {
      if (!authority.period().contains(time)) {
        continue;
      }
      try {
        validate(authority.chain(), time);
        if (logged(root, authority.chain().getFirst())) {
          return;
        }
        throw new BadDocumentException("a certificate that no trusted log has seen");
      } catch (CertPathValidatorException e) {
        last = e;
      }
    }
    throw new BadDocumentException(
        "a certificate of no trusted authority" + (last == null ? "" : ": " + last.getMessage()));
  }

  private void validate(List<X509Certificate> chain, Instant time) throws GeneralSecurityException {
    List<X509Certificate> path = new ArrayList<>(List.of(certificate));
    path.addAll(chain.subList(0, chain.size() - 1));
    PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(chain.getLast(), null)));
    parameters.setRevocationEnabled(false); // it lives for minutes; the log says in which
    parameters.setDate(Date.from(time));
    CertPathValidator.getInstance("PKIX")
        .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
  }

  /** Whether a trusted log of certificates has promised to show this one (RFC 6962). */
  private boolean logged(TrustRoot root, X509Certificate issuer)
      throws GeneralSecurityException, BadDocumentException {
    byte[] extension = certificate.getExtensionValue(TIMESTAMPS);
    if (extension == null) {
      return false;
    }
    byte[] list = Der.content(Der.content(extension, Der.OCTET_STRING), Der.OCTET_STRING);
    byte[] issuerKey =
        java.security.MessageDigest.getInstance("SHA-256")
            .digest(issuer.getPublicKey().getEncoded());
    byte[] signed = withoutTimestamps(certificate.getTBSCertificate());
    try {
      ByteBuffer all = part(ByteBuffer.wrap(list));
      while (all.hasRemaining()) {
        if (good(root, part(all), issuerKey, signed)) {
          return true;
        }
      }
      return false;
    } catch (BufferUnderflowException e) {
      throw new BadDocumentException("a certificate that cannot be read");
    }
  }

  private static boolean good(TrustRoot root, ByteBuffer timestamp, byte[] issuerKey, byte[] tbs) {
    int version = timestamp.get();
    byte[] id = bytes(timestamp, 32);
    long millis = timestamp.getLong();
    ByteBuffer extensions = part(timestamp);
    byte[] extensionBytes = bytes(extensions, extensions.remaining());
    timestamp.getShort(); // the algorithms; the log's key says them too
    ByteBuffer signature = part(timestamp);
    byte[] signatureBytes = bytes(signature, signature.remaining());
    if (version != 0 || millis < 0) {
      return false;
    }
    ByteBuffer content = ByteBuffer.allocate(64 + tbs.length + extensionBytes.length);
    content.put((byte) 0).put((byte) 0).putLong(millis).putShort((short) 1).put(issuerKey);
    content.put((byte) (tbs.length >>> 16)).putShort((short) tbs.length).put(tbs);
    content.putShort((short) extensionBytes.length).put(extensionBytes);
    byte[] signed = Arrays.copyOf(content.array(), content.position());
    Instant time = Instant.ofEpochMilli(millis);
    String hex = HexFormat.of().formatHex(id);
    return root.certificateLogs().stream()
        .anyMatch(log ->
            log.id().equals(hex)
                && log.period().contains(time)
                && log.key().signed(signed, signatureBytes));
  }

  /** What the log signed: the certificate before the log's word became part of it. */
  private static byte[] withoutTimestamps(byte[] tbs) throws BadDocumentException {
    ByteArrayOutputStream parts = new ByteArrayOutputStream();
    for (Der.Value part : Der.values(Der.content(tbs, Der.SEQUENCE))) {
      if (part.tag() != EXTENSIONS) {
        parts.writeBytes(part.whole());
        continue;
      }
      ByteArrayOutputStream kept = new ByteArrayOutputStream();
      for (Der.Value extension : Der.values(Der.content(part.content(), Der.SEQUENCE))) {
        List<Der.Value> members = Der.values(extension.content());
        boolean timestamps =
            !members.isEmpty()
                && members.getFirst().tag() == Der.OBJECT_IDENTIFIER
                && Arrays.equals(members.getFirst().content(), TIMESTAMPS_DER);
        if (!timestamps) {
          kept.writeBytes(extension.whole());
        }
      }
      parts.writeBytes(Der.encode(EXTENSIONS, Der.encode(Der.SEQUENCE, kept.toByteArray())));
    }
    return Der.encode(Der.SEQUENCE, parts.toByteArray());
  }

  private static ByteBuffer part(ByteBuffer from) {
    int length = from.getShort() & 0xffff;
    if (length > from.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer part = from.slice(from.position(), length);
    from.position(from.position() + length);
    return part;
  }

  private static byte[] bytes(ByteBuffer from, int length) {
    byte[] bytes = new byte[length];
    from.get(bytes);
    return bytes;
  }

  /** Returns if the certificate is of this identity, by the word of this issuer. */
  void names(String identity, String issuer) throws GeneralSecurityException, BadDocumentException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names == null || names.size() != 1) {
      throw new BadDocumentException("a certificate of not exactly one identity");
    }
    List<?> name = names.iterator().next();
    boolean known =
        Integer.valueOf(EMAIL).equals(name.get(0)) || Integer.valueOf(URI).equals(name.get(0));
    if (!known || !identity.equals(name.get(1))) {
      throw new BadDocumentException(
          "a certificate of another identity" + (known ? ": " + shown(name.get(1)) : ""));
    }
    String actual = issuer();
    if (!issuer.equals(actual)) {
      throw new BadDocumentException(
          "an identity by the word of another issuer"
              + (actual == null ? "" : ": " + shown(actual)));
    }
  }

  /** Whoever made the certificate may have written what they like. */
  private static String shown(Object text) {
    String all = String.valueOf(text);
    return all.substring(0, Math.min(all.length(), 200)).replaceAll("[^ -~]", "?");
  }

  private @Nullable String issuer() throws BadDocumentException {
    byte[] extension = certificate.getExtensionValue(ISSUER);
    if (extension != null) {
      byte[] text = Der.content(Der.content(extension, Der.OCTET_STRING), Der.UTF8_STRING);
      return new String(text, StandardCharsets.UTF_8);
    }
    extension = certificate.getExtensionValue(ISSUER_OLD);
    return extension == null
        ? null
        : new String(Der.content(extension, Der.OCTET_STRING), StandardCharsets.UTF_8);
  }
}
