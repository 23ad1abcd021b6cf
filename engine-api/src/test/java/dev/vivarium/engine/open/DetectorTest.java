package dev.vivarium.engine.open;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DetectorTest {
  private static final Detector DETECTOR = new Detector();

  @TempDir private Path temp;

  private Detection detect(String name, byte[] bytes) throws IOException {
    Path file = temp.resolve("copy");
    Files.write(file, bytes);
    return DETECTOR.detect(file, name);
  }

  private Detection detect(String name, String text) throws IOException {
    return detect(name, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** A header with one segment: the loader, if there is one. */
  private static byte[] elf(int type, int machine, String loader) {
    ByteBuffer b = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    b.putShort(16, (short) type).putShort(18, (short) machine).putLong(24, 0x1000);
    b.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) (loader.isEmpty() ? 0 : 1));
    b.putInt(64, 3).putLong(72, 128).putLong(96, loader.length() + 1);
    b.put(128, loader.getBytes(StandardCharsets.US_ASCII));
    return b.array();
  }

  private static byte[] zip(Map<String, String> files) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, String> e : new java.util.TreeMap<>(files).entrySet()) {
        zip.putNextEntry(new ZipEntry(e.getKey()));
        zip.write(e.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] tar(boolean packed, String... names) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = packed ? new GZIPOutputStream(bytes) : bytes) {
      LayerTarWriter tar = new LayerTarWriter(out);
      for (String name : names) {
        tar.entry(
            new TarEntry(name, TarEntry.TYPE_FILE, 0755, 0, 0, 3, 0, 0, "", 0, 0, Map.of()),
            new ByteArrayInputStream("#!x".getBytes(StandardCharsets.US_ASCII)));
      }
      tar.end();
    }
    return bytes.toByteArray();
  }

  @Test
  void programsSayForWhomTheyAreAndWhatLoadsThem() throws IOException {
    Detection dynamic = detect("tool", elf(3, 62, "/lib64/ld-linux-x86-64.so.2"));
    assertEquals(Kind.PROGRAM, dynamic.kind());
    assertEquals(List.of("/lib64/ld-linux-x86-64.so.2"), dynamic.interpreter());
    assertTrue(dynamic.runnable());
    assertEquals(Kind.PROGRAM, detect("static", elf(2, 62, "")).kind());
    assertEquals(Kind.PROGRAM, detect("static-pie", elf(3, 62, "")).kind());
    assertEquals(Kind.LIBRARY, detect("libx.so.3", elf(3, 62, "")).kind());
    Detection other = detect("tool", elf(2, 183, ""));
    assertEquals("a program (ELF), for 64-bit ARM", other.summary());
    assertFalse(other.runnable());
  }

  @Test
  void anAppImageIsOneByItsMarkNotByItsName() throws IOException {
    byte[] bytes = elf(3, 62, "/lib64/ld-linux-x86-64.so.2");
    assertEquals(Kind.PROGRAM, detect("x.AppImage", bytes).kind());
    bytes[8] = 'A';
    bytes[9] = 'I';
    bytes[10] = 2;
    assertEquals(Kind.APPIMAGE, detect("x", bytes).kind());
  }

  @Test
  void aHeaderThatLiesIsNoHarm() throws IOException {
    byte[] bytes = elf(3, 62, "/lib64/ld.so");
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(32, Long.MAX_VALUE - 3);
    assertEquals(List.of(), detect("x", bytes).interpreter());
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(32, 64).putLong(96, 1L << 40);
    assertEquals(List.of(), detect("x", bytes).interpreter());
  }

  @Test
  void scriptsNameTheirInterpreter() throws IOException {
    assertEquals(List.of("/bin/bash", "-e"), detect("x", "#!/bin/bash -e\necho\n").interpreter());
    assertEquals(
        List.of("python3", "-u"), detect("x", "#!/usr/bin/env -S A=1 python3 -u\n").interpreter());
    assertEquals(List.of("/bin/sh"), detect("x", "#!/bin/sh\r\necho\r\n").interpreter());
    Detection named = detect("x.py", "import os\nprint(1)\n");
    assertEquals(Kind.SCRIPT, named.kind());
    assertEquals(List.of("python3"), named.interpreter());
    assertEquals(Kind.SCRIPT, detect("invoice.pdf", "#!/bin/sh\nrm -rf /\n").kind());
  }

  @Test
  void packagesAndDocumentsAreKnownByTheirBytes() throws IOException {
    assertEquals(
        Kind.DEB,
        detect("x", "!<arch>\ndebian-binary   1342943816  0     0     100644  4   `\n2.0\n")
            .kind());
    assertEquals(Kind.RPM, detect("x", "\u00ed\u00ab\u00ee\u00db\3\0\0\0\0\1hello-1.0").kind());
    assertEquals(Kind.PDF, detect("x", "%PDF-1.4\n%\u00e2\u00e3\n1 0 obj\n").kind());
    assertEquals(
        Kind.HTML,
        detect("x", "<!DOCTYPE html>\n<html><head><title>a</title></head></html>").kind());
    assertEquals(Kind.UNKNOWN, detect("x.bin", "\1\2\3\4 nothing known").kind());
    assertEquals(Kind.UNKNOWN, detect("empty", "").kind());
  }

  @Test
  void aJarIsRunnableIfItNamesAMainClass() throws IOException {
    Map<String, String> files =
        Map.of(
            "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nMain-Class: a.B\n", "a/B.class", "x");
    assertTrue(detect("a.jar", zip(files)).runnable());
    Detection library =
        detect(
            "a.jar",
            zip(Map.of("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "a/B.class", "x")));
    assertEquals(Kind.JAR, library.kind());
    assertFalse(library.runnable());
  }

  @Test
  void aWheelTellsItsModules() throws IOException {
    Detection wheel =
        detect(
            "six-1-py3-none-any.whl",
            zip(
                Map.of(
                    "six-1.dist-info/WHEEL", "Wheel-Version: 1.0\n",
                    "six-1.dist-info/top_level.txt", "six\nos; evil\n",
                    "six.py", "")));
    assertEquals(Kind.WHEEL, wheel.kind());
    assertEquals(List.of("six"), wheel.entries());
    assertEquals(
        List.of("pkg"),
        detect("w.whl", zip(Map.of("p.dist-info/WHEEL", "", "pkg/__init__.py", ""))).entries());
  }

  @Test
  void archivesTellTheirInstallersTheLikeliestFirst() throws IOException {
    Detection tgz = detect("a.tgz", tar(true, "a/README", "a/lib/setup.sh", "a/install.sh"));
    assertEquals(Kind.TAR, tgz.kind());
    assertEquals(List.of("a/install.sh", "a/lib/setup.sh"), tgz.entries());
    assertEquals(Kind.TAR, detect("a", tar(false, "x")).kind());
    Detection zip = detect("a.zip", zip(Map.of("b/setup.py", "", "b/x", "")));
    assertEquals(Kind.ZIP, zip.kind());
    assertEquals(List.of("b/setup.py"), zip.entries());
    assertEquals(
        List.of(),
        detect("a.tgz", tar(true, "/install.sh", "../install.sh", "a/\033[31m/install.sh"))
            .entries());
  }

  @Test
  void halfAnArchiveIsNoHarm() throws IOException {
    byte[] whole = tar(true, "a/install.sh", "b");
    assertEquals(Kind.UNKNOWN, detect("a.tgz", java.util.Arrays.copyOf(whole, 20)).kind());
    byte[] zip = zip(Map.of("install.sh", "x"));
    assertEquals(
        List.of(), detect("a.zip", java.util.Arrays.copyOf(zip, zip.length - 10)).entries());
  }

  @Test
  void aSmallFileThatUnpacksToMuchIsReadInPartOnly() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      byte[] start = tar(false, "install.sh");
      out.write(start, 0, 1024);
      // A second entry of 8 GiB would follow here; half of one that is 100 MiB does as well.
      byte[] zeros = new byte[1 << 20];
      for (int i = 0; i < 100; i++) {
        out.write(zeros);
      }
    }
    assertEquals(List.of("install.sh"), detect("a.tgz", bytes.toByteArray()).entries());
  }
}
