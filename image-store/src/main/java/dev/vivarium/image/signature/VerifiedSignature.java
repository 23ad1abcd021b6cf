package dev.vivarium.image.signature;

/**
 * A signature that was checked and is good.
 *
 * @param digest of the signed manifest or index
 * @param key digest of the public key, as {@code sha256:…} of its DER form
 * @param format {@code cosign} for simple signing, {@code sigstore-bundle} for a bundle
 * @param reference the name that the signer gave the image; the signer's word, and untrusted text
 */
public record VerifiedSignature(String digest, String key, String format, String reference) {}
