package dev.vivarium.image.signature;

import dev.vivarium.image.oci.BadDocumentException;
import java.security.GeneralSecurityException;

/**
 * Somebody who signs without a key of their own. For a moment they get a certificate that says who
 * they are; the signature is written to a public log while it is valid, and the log's word for that
 * moment comes with the signature. Everything is checked without a network:
 *
 * <ol>
 *   <li>the log's signature of its entry and, if it comes along, the proof that the entry is in it;
 *   <li>that the entry is of this content, this signature and this certificate;
 *   <li>that the certificate was valid then, comes from an authority of the trust root, was itself
 *       logged, and names the identity and the issuer;
 *   <li>the signature, by the certificate's key.
 * </ol>
 *
 * @param identity an e-mail address or URI, exactly as the certificate has it
 * @param issuer the URL of whoever knows the identity, such as {@code
 *     https://token.actions.githubusercontent.com}
 */
public record TrustedIdentity(String identity, String issuer, TrustRoot root)
    implements TrustedSigner {

  @Override
  public boolean made(VerifiedSignature signature) {
    return signature.keyless()
        && signature.identity().equals(identity)
        && signature.issuer().equals(issuer)
        && signature.key().equals(root.digest());
  }

  /**
   * Returns if the signature of the content is this one's.
   *
   * @param logged what the entry must be of: the content, or of an envelope its payload
   */
  void check(byte[] content, byte[] logged, byte[] signature, byte[] certificate, LogEntry entry)
      throws BadDocumentException {
    try {
      SigningCertificate leaf = SigningCertificate.parse(certificate);
      // Comparisons come before the checks of signatures, which cost the most.
      entry.matches(logged, signature, leaf.der());
      entry.verify(root);
      leaf.verify(root, entry.time());
      leaf.names(identity, issuer);
      if (!SignatureKey.of(leaf.key()).signed(content, signature)) {
        throw new BadDocumentException("a wrong signature");
      }
    } catch (GeneralSecurityException e) {
      throw new BadDocumentException("a certificate that does not hold: " + e.getMessage());
    }
  }
}
