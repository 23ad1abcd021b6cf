package dev.vivarium.engine.watch;

/**
 * What somebody who looks at a sandbox wants to see.
 *
 * @param events system calls and what else happens
 * @param counts that calls are counted; once begun, that goes on to the end
 * @param waits that calls which wait are told of when they begin to ({@link EventKind#WAIT})
 * @param packets what goes over the sandbox's network ({@link EventKind#PACKET})
 */
public record Wants(boolean events, boolean counts, boolean waits, boolean packets) {
  /** Whether it needs the ring. */
  public boolean anyEvents() {
    return events || waits || packets;
  }
}
