import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.JSRInlinerAdapter;

/**
 * Puts all jars together into one, for a quick start: opening and checking one file instead of
 * thirty saves 15 ms. Classes from before Java 6 get the stack maps that the JVM demands of what it
 * keeps in its AOT cache (all of picocli, for instance). The native programs come to lie beside the
 * jar as well.
 *
 * <p>Usage: java -cp asm jars Assemble.java VERSION OUT.jar IN.jar...
 */
final class Assemble {
  private static final int JAVA_6 = 50;

  /**
   * Native code of sqlite-jdbc, zstd-jni, lz4-java, jffi and JLine that is not for Linux on x86-64.
   */
  private static final Pattern FOREIGN =
      Pattern.compile(
          "org/sqlite/native/(?!Linux/x86_64/)"
              + "|(aix|darwin|freebsd|win)/|linux/(?!amd64/)"
              + "|net/jpountz/util/(darwin|windows|linux/(?!amd64/))"
              + "|jni/(?!x86_64-Linux/)"
              + "|org/jline/nativ/(?!Linux/x86_64/)[^/]+/");

  private final Path folder;
  private final Set<String> done = new HashSet<>();
  private final Map<String, ByteArrayOutputStream> services = new LinkedHashMap<>();

  private Assemble(Path folder) {
    this.folder = folder;
  }

  public static void main(String[] args) throws IOException {
    Path out = Path.of(args[1]);
    Path part = Path.of(args[1] + ".part");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, args[0]);
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(part))) {
      ByteArrayOutputStream first = new ByteArrayOutputStream();
      manifest.write(first);
      put(jar, JarFile.MANIFEST_NAME, first.toByteArray());
      Assemble assemble = new Assemble(out.toAbsolutePath().getParent());
      for (int i = 2; i < args.length; i++) {
        assemble.add(Path.of(args[i]), jar);
      }
      for (Map.Entry<String, ByteArrayOutputStream> service : assemble.services.entrySet()) {
        put(jar, service.getKey(), service.getValue().toByteArray());
      }
    }
    Files.move(part, out, StandardCopyOption.REPLACE_EXISTING);
  }

  private void add(Path path, JarOutputStream jar) throws IOException {
    try (JarFile in = new JarFile(path.toFile());
        URLClassLoader classes = new URLClassLoader(new URL[] {path.toUri().toURL()})) {
      for (Enumeration<JarEntry> entries = in.entries(); entries.hasMoreElements(); ) {
        JarEntry entry = entries.nextElement();
        String name = entry.getName();
        if (entry.isDirectory() || isLeftOut(name)) {
          continue;
        }
        byte[] bytes;
        try (InputStream content = in.getInputStream(entry)) {
          bytes = content.readAllBytes();
        }
        if (name.startsWith("META-INF/services/")) {
          ByteArrayOutputStream all =
              services.computeIfAbsent(name, n -> new ByteArrayOutputStream());
          all.writeBytes(bytes);
          all.write('\n');
        } else if (done.add(name)) {
          if (name.startsWith("native/")) {
            unpack(bytes, folder.resolve(name));
          }
          put(jar, name, name.endsWith(".class") ? modern(bytes, classes) : bytes);
        }
      }
    }
  }

  /**
   * A program is opened and shared more quickly as a file. One that runs must not be written to.
   */
  private static void unpack(byte[] bytes, Path program) throws IOException {
    Path part = program.resolveSibling(program.getFileName() + ".part");
    Files.createDirectories(program.getParent());
    Files.write(part, bytes);
    Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.move(part, program, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Module descriptors, signatures, classes for versions of Java that the base ones serve too, and
   * the libraries' native code for other machines than the engines run on.
   */
  private static boolean isLeftOut(String name) {
    return FOREIGN.matcher(name).lookingAt()
        || name.endsWith("module-info.class")
        || name.equals(JarFile.MANIFEST_NAME)
        || name.startsWith("META-INF/versions/")
        || name.startsWith("META-INF/maven/")
        || name.matches("META-INF/[^/]*\\.(SF|RSA|DSA)");
  }

  private static void put(JarOutputStream jar, String name, byte[] bytes) throws IOException {
    JarEntry entry = new JarEntry(name);
    // A time without a zone: the same bytes wherever it is built.
    entry.setTimeLocal(LocalDateTime.of(1980, 2, 1, 0, 0));
    jar.putNextEntry(entry);
    new ByteArrayInputStream(bytes).transferTo(jar);
    jar.closeEntry();
  }

  private static byte[] modern(byte[] bytes, ClassLoader classes) {
    int major = (bytes[6] & 0xff) << 8 | bytes[7] & 0xff;
    if (major >= JAVA_6) {
      return bytes;
    }
    ClassWriter writer =
        new ClassWriter(ClassWriter.COMPUTE_FRAMES) {
          @Override
          protected ClassLoader getClassLoader() {
            return classes;
          }
        };
    ClassVisitor newer =
        new ClassVisitor(Opcodes.ASM9, writer) {
          @Override
          public void visit(
              int version, int access, String name, String signature, String parent, String[] all) {
            super.visit(Opcodes.V17, access, name, signature, parent, all);
          }

          @Override
          public MethodVisitor visitMethod(
              int access, String name, String descriptor, String signature, String[] exceptions) {
            // Subroutines went with the old format.
            return new JSRInlinerAdapter(
                super.visitMethod(access, name, descriptor, signature, exceptions),
                access,
                name,
                descriptor,
                signature,
                exceptions);
          }
        };
    new ClassReader(bytes).accept(newer, 0);
    return writer.toByteArray();
  }
}
