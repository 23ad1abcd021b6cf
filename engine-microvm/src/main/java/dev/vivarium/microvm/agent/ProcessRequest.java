package dev.vivarium.microvm.agent;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * A process to be started in a guest.
 *
 * @param user as in {@code ProcessSpec}; empty for root
 * @param directory where it starts; made if it is missing
 * @param input whether it has a standard input; with a terminal it always has
 * @param source what it reads
 * @param output where its standard output goes, or its terminal's
 * @param error where its standard error goes; unused with a terminal
 */
public record ProcessRequest(
    List<String> arguments,
    Map<String, String> environment,
    String directory,
    String user,
    boolean terminal,
    int rows,
    int columns,
    boolean input,
    InputStream source,
    OutputStream output,
    OutputStream error) {}
