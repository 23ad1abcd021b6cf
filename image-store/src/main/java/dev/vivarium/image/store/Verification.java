package dev.vivarium.image.store;

import java.util.List;

/**
 * What a look at every byte of the store found.
 *
 * @param layers how many were looked at
 * @param problems in the order they were found
 */
public record Verification(int layers, List<Problem> problems) {
  public Verification {
    problems = List.copyOf(problems);
  }

  /** Whether everything is as it should be now. */
  public boolean sound() {
    return problems.stream().allMatch(Problem::repaired);
  }

  /**
   * Something damaged.
   *
   * @param digest of the layer or document
   * @param what is wrong, and if it could not be repaired, why
   * @param images names or ids of the images that need it
   */
  public record Problem(String digest, String what, List<String> images, boolean repaired) {}
}
