package dev.vivarium.image.signature;

import dev.vivarium.image.Digests;
import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.Json;
import dev.vivarium.image.oci.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Whom an installation of Sigstore is: its certificate authorities, its logs of certificates and
 * its logs of signatures, as {@code trusted_root.json} lists them.
 */
public final class TrustRoot {
  private static final int MAX_FILE = 1 << 20;

  private final String digest;
  private final List<Authority> authorities;
  private final List<Log> certificateLogs;
  private final List<Log> signatureLogs;

  private TrustRoot(
      String digest,
      List<Authority> authorities,
      List<Log> certificateLogs,
      List<Log> signatureLogs) {
    this.digest = digest;
    this.authorities = authorities;
    this.certificateLogs = certificateLogs;
    this.signatureLogs = signatureLogs;
  }

  /** From when to when something counts. */
  record Period(Instant start, Instant end) {
    boolean contains(Instant time) {
      return !time.isBefore(start) && !time.isAfter(end);
    }
  }

  /**
   * Who hands out certificates.
   *
   * @param chain the issuing certificate first, the root last
   */
  record Authority(List<X509Certificate> chain, Period period) {}

  /**
   * A log, by its key.
   *
   * @param id digest of the key's DER form, in hex
   */
  record Log(String id, SignatureKey key, Period period) {}

  /**
   * Where cosign keeps the one of the public installation, once {@code cosign initialize} has
   * fetched it.
   */
  public static Path usual(Map<String, String> environment) {
    String own = environment.get("TUF_ROOT");
    Path root =
        own != null && !own.isEmpty()
            ? Path.of(own)
            : Path.of(System.getProperty("user.home"), ".sigstore", "root");
    return root.resolve("tuf-repo-cdn.sigstore.dev/targets/trusted_root.json");
  }

  /** Reads the file. */
  public static TrustRoot read(Path file) throws ImageException {
    try {
      byte[] content;
      try (var in = Files.newInputStream(file)) {
        content = in.readNBytes(MAX_FILE);
      }
      return parse(content);
    } catch (NoSuchFileException e) {
      throw new ImageException(
          Kind.NOT_FOUND,
          "no such file of a trust root: "
              + file
              + "; cosign initialize fetches the public one, --trust-root FILE names another",
          e);
    } catch (IOException
        | GeneralSecurityException
        | IllegalArgumentException
        | DateTimeParseException e) {
      throw new ImageException(
          Kind.DENIED,
          "not a trust root: "
              + file
              + ": "
              + e.getMessage()
              + "; give the trusted_root.json of a Sigstore installation",
          e);
    }
  }

  private static TrustRoot parse(byte[] content) throws IOException, GeneralSecurityException {
    JsonObject json = Json.parse(content);
    CertificateFactory certificates = CertificateFactory.getInstance("X.509");
    List<Authority> authorities = new ArrayList<>();
    for (JsonObject authority : json.objects("certificateAuthorities")) {
      List<X509Certificate> chain = new ArrayList<>();
      for (JsonObject certificate : required(authority, "certChain").objects("certificates")) {
        byte[] der = bytes(certificate, "rawBytes");
        chain.add(
            (X509Certificate) certificates.generateCertificate(new ByteArrayInputStream(der)));
      }
      if (chain.isEmpty()) {
        throw new BadDocumentException("an authority without a certificate");
      }
      authorities.add(new Authority(chain, period(authority)));
    }
    List<Log> signatureLogs = logs(json.objects("tlogs"));
    if (authorities.isEmpty() || signatureLogs.isEmpty()) {
      throw new BadDocumentException("no 'certificateAuthorities' or no 'tlogs' in it");
    }
    return new TrustRoot(
        Digests.of(content), authorities, logs(json.objects("ctlogs")), signatureLogs);
  }

  private static List<Log> logs(List<JsonObject> list)
      throws IOException, GeneralSecurityException {
    List<Log> logs = new ArrayList<>();
    for (JsonObject log : list) {
      JsonObject key = required(log, "publicKey");
      byte[] der = bytes(key, "rawBytes");
      byte[] id = bytes(required(log, "logId"), "keyId");
      logs.add(new Log(HexFormat.of().formatHex(id), SignatureKey.decode(der), period(key)));
    }
    return logs;
  }

  private static Period period(JsonObject json) throws BadDocumentException {
    JsonObject period = required(json, "validFor");
    return new Period(
        Instant.parse(period.requiredString("start")),
        period.string("end").map(Instant::parse).orElse(Instant.MAX));
  }

  private static byte[] bytes(JsonObject json, String name) throws BadDocumentException {
    return Base64.getDecoder().decode(json.requiredString(name));
  }

  private static JsonObject required(JsonObject json, String name) throws BadDocumentException {
    return json.object(name).orElseThrow(() -> new BadDocumentException("no '" + name + "'"));
  }

  /** Names it: the digest of its file. */
  String digest() {
    return digest;
  }

  List<Authority> authorities() {
    return authorities;
  }

  List<Log> certificateLogs() {
    return certificateLogs;
  }

  List<Log> signatureLogs() {
    return signatureLogs;
  }
}
