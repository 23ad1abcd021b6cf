package dev.vivarium.microvm.kernel;

import java.nio.file.Path;

/**
 * A kernel that a guest can start from.
 *
 * @param name of the package and version it is from
 * @param image an ELF file with a PVH entry, or a bzImage
 * @param initramfs with our agent and the modules that it loads
 */
public record GuestKernel(String name, Path image, Path initramfs) {
  /** Whether the user gave it: nothing is known of how it was built. */
  public boolean isGiven() {
    Path directory = image.getParent();
    return directory == null || KernelStore.isGiven(directory);
  }
}
