package dev.vivarium.microvm.agent;

import java.io.IOException;

/** The agent broke the protocol, failed, or is gone. */
public final class AgentException extends IOException {
  private static final long serialVersionUID = 1;

  public AgentException(String message) {
    super(message);
  }
}
