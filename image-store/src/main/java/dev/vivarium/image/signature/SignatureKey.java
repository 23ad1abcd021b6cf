package dev.vivarium.image.signature;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A public key whose signatures are believed: ECDSA, Ed25519 or RSA. */
public final class SignatureKey implements TrustedSigner {
  private static final int MAX_FILE = 1 << 20;
  private static final int MIN_RSA_BITS = 2048;
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----");

  private final PublicKey key;
  private final String algorithm;

  private SignatureKey(PublicKey key, String algorithm) {
    this.key = key;
    this.algorithm = algorithm;
  }

  /** The keys in a PEM file, such as {@code cosign.pub}; at least one. */
  public static List<SignatureKey> read(Path file) throws ImageException {
    try {
      byte[] content;
      try (var in = Files.newInputStream(file)) {
        content = in.readNBytes(MAX_FILE);
      }
      Matcher matcher = PEM.matcher(new String(content, StandardCharsets.ISO_8859_1));
      List<SignatureKey> keys = new ArrayList<>();
      while (matcher.find()) {
        keys.add(decode(Base64.getMimeDecoder().decode(matcher.group(1))));
      }
      if (keys.isEmpty()) {
        throw new GeneralSecurityException("no PEM block 'PUBLIC KEY' in it");
      }
      return keys;
    } catch (NoSuchFileException e) {
      throw new ImageException(
          Kind.NOT_FOUND, "no such file of a public key: " + file + "; check the path", e);
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new ImageException(
          Kind.DENIED,
          "not a public key: "
              + file
              + ": "
              + e.getMessage()
              + "; give the PEM file that cosign generate-key-pair calls cosign.pub",
          e);
    }
  }

  /** A key in its DER form. */
  static SignatureKey decode(byte[] der) throws GeneralSecurityException {
    GeneralSecurityException last = new GeneralSecurityException("an unknown kind of key");
    for (String kind : List.of("EC", "Ed25519", "RSA")) {
      try {
        PublicKey key = KeyFactory.getInstance(kind).generatePublic(new X509EncodedKeySpec(der));
        return of(key);
      } catch (java.security.spec.InvalidKeySpecException e) {
        last = e;
      }
    }
    throw last;
  }

  /** The key of a certificate. */
  static SignatureKey of(PublicKey key) throws GeneralSecurityException {
    return new SignatureKey(key, algorithm(key));
  }

  private static String algorithm(PublicKey key) throws GeneralSecurityException {
    if (key instanceof RSAPublicKey rsa) {
      if (rsa.getModulus().bitLength() < MIN_RSA_BITS) {
        throw new GeneralSecurityException("an RSA key of fewer than 2048 bits");
      }
      return "SHA256withRSA";
    }
    if (key instanceof ECPublicKey ec) {
      int bits = ec.getParams().getOrder().bitLength();
      return bits <= 256 ? "SHA256withECDSA" : bits <= 384 ? "SHA384withECDSA" : "SHA512withECDSA";
    }
    if (!key.getAlgorithm().equals("EdDSA") && !key.getAlgorithm().equals("Ed25519")) {
      throw new GeneralSecurityException("an unknown kind of key: " + key.getAlgorithm());
    }
    return "Ed25519";
  }

  @Override
  public boolean made(VerifiedSignature signature) {
    return !signature.keyless() && signature.key().equals(fingerprint());
  }

  /** Whether the signature of the content is this key's. */
  boolean signed(byte[] content, byte[] signature) {
    try {
      Signature check = Signature.getInstance(algorithm);
      check.initVerify(key);
      check.update(content);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // not even the form of a signature
    }
  }

  /** Names the key: the digest of its DER form. */
  public String fingerprint() {
    return Digests.of(key.getEncoded());
  }
}
