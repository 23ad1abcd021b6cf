package dev.vivarium.image.signature;

/** Whose signatures are believed: who has a key, or who an issuer says that they are. */
public sealed interface TrustedSigner permits SignatureKey, TrustedIdentity {
  /** Whether a signature that was checked earlier is this signer's. */
  boolean made(VerifiedSignature signature);
}
