package dev.vivarium.cli.sandbox;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.Context;
import dev.vivarium.cli.output.Listing;
import dev.vivarium.cli.output.Text;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Entry;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.image.view.RootNode;
import dev.vivarium.image.view.RootView;
import dev.vivarium.image.view.RootViews;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code viv diff}. */
public final class DiffCommand extends Command {
  /** Where the image "host" shows nothing of this machine. */
  private static final Set<String> PRIVATE = Set.of("tmp", "home", "root", "run", "dev");

  @Override
  public void declare(CommandSpec spec) {
    format(spec);
    parameters(spec, "0..*", "1", "SANDBOX", "Its name or id; running or finished.");
    spec.usageMessage()
        .footer(
            "",
            "A: added, C: changed, D: deleted, as against its image. Files in mounts are not there:"
                + " they are",
            "this machine's own.");
  }

  @Override
  public int run(ParseResult arguments, Context context) throws CliException, IOException {
    Directories directories = context.directories();
    SandboxState sandbox = Lookup.require(context.sandboxes(), positionals(arguments)[0]);
    boolean table = arguments.matchedOptionValue("--format", "table").equals("table");
    Listing listing = new Listing("", "");
    StringBuilder lines = new StringBuilder();
    try (Lower lower = Lower.of(Entry.specOf(directories, sandbox.id()).root())) {
      Changes.each(
          directories,
          sandbox,
          (change, content) -> {
            // A directory that was emptied has an entry of its own besides.
            if (change.path().isEmpty() || change.kind() == Changes.Kind.EMPTIED) {
              return;
            }
            String kind =
                change.kind() == Changes.Kind.DELETED
                    ? "deleted"
                    : lower.has(change.path()) ? "changed" : "added";
            if (table) {
              lines.append(Character.toUpperCase(kind.charAt(0)) + " ");
              lines.append(Text.printable(change.text())).append('\n');
            } else {
              listing.add(values(kind, change), "", "");
            }
          });
    }
    if (table) {
      context.out().print(lines);
      context.out().flush();
    } else {
      listing.print(context.out(), arguments);
    }
    return 0;
  }

  private static Map<String, @Nullable Object> values(String kind, Changes.Change change) {
    TarEntry entry = change.entry();
    boolean there = change.kind() != Changes.Kind.DELETED;
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    values.put("change", kind);
    values.put("path", change.text());
    values.put("type", there ? type(entry.type()) : null);
    values.put("sizeBytes", there && entry.type() == TarEntry.TYPE_FILE ? entry.size() : null);
    values.put(
        "mode", there ? String.format(java.util.Locale.ROOT, "%04o", entry.mode() & 07777) : null);
    return values;
  }

  private static String type(char type) {
    return switch (type) {
      case TarEntry.TYPE_HARD_LINK -> "link";
      case TarEntry.TYPE_SYMLINK -> "symlink";
      case TarEntry.TYPE_CHAR_DEVICE, TarEntry.TYPE_BLOCK_DEVICE -> "device";
      case TarEntry.TYPE_DIRECTORY -> "directory";
      case TarEntry.TYPE_FIFO -> "fifo";
      default -> "file";
    };
  }

  /** What was there before. */
  private interface Lower extends AutoCloseable {
    boolean has(List<String> path);

    @Override
    default void close() throws IOException {}

    static Lower of(SandboxSpec.Root root) throws IOException {
      return switch (root) {
        case SandboxSpec.Root.Host _ ->
            path -> (path.size() == 1 || !PRIVATE.contains(path.get(0))) && isHere(path);
        case SandboxSpec.Root.Image image -> new LowerImage(image);
        case SandboxSpec.Root.Directory _ ->
            throw new IOException("its changes are in its own directory already");
      };
    }
  }

  private static boolean isHere(List<String> path) {
    try {
      return Files.exists(
          Path.of(Changes.decoded("/" + String.join("/", path))), LinkOption.NOFOLLOW_LINKS);
    } catch (InvalidPathException e) {
      // The locale has no such characters.
      return false;
    }
  }

  private static final class LowerImage implements Lower {
    private final RootView view;

    LowerImage(SandboxSpec.Root.Image image) throws IOException {
      view = RootViews.open(image.layers().stream().map(Path::of).toList());
    }

    @Override
    public boolean has(List<String> path) {
      RootNode node = view.root();
      for (String name : path) {
        node = node == null || (node.mode() & 0170000) != 0040000 ? null : node.lookup(name);
      }
      return node != null;
    }

    @Override
    public void close() {
      view.close();
    }
  }
}
