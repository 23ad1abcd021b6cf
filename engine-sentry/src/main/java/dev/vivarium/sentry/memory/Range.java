package dev.vivarium.sentry.memory;

/** A page-aligned piece of an address space. */
abstract class Range {
  long start;

  /** One past the last byte. */
  long end;

  final long length() {
    return end - start;
  }
}
