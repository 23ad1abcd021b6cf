package dev.vivarium.microvm.vmm;

import java.nio.file.Path;

/**
 * Where a port of a guest is reached on the host.
 *
 * @param socket a unix socket; the first who connects to it gets the port
 * @param greeting a line that is said first, and answered with one that begins with OK; empty where
 *     nothing is
 */
public record PortAddress(Path socket, String greeting) {}
