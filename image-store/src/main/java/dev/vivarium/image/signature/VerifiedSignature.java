package dev.vivarium.image.signature;

/**
 * A signature that was checked and is good.
 *
 * @param digest of the signed manifest or index
 * @param key digest of the public key, as {@code sha256:…} of its DER form; of a signature without
 *     a key of one's own, the digest of the trust root that it was checked by
 * @param format {@code cosign} for simple signing, {@code sigstore-bundle} for a bundle
 * @param reference the name that the signer gave the image; the signer's word, and untrusted text
 * @param identity whom the certificate names; empty if a key signed
 * @param issuer who says that it is them; empty if a key signed
 */
public record VerifiedSignature(
    String digest, String key, String format, String reference, String identity, String issuer) {
  /** Whether a certificate was checked and not a key that the user has. */
  public boolean keyless() {
    return !identity.isEmpty();
  }
}
