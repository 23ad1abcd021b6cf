/**
 * The host's end of the conversation with the agent, the first process of a guest: frames over one
 * virtio-serial port ({@code engine-microvm/src/main/c/agent/protocol.h}), and the processes that
 * were started through it. Everything that comes from the guest is hostile.
 *
 * <p>One thread reads the port and never blocks on anybody else; each output stream has a thread
 * that writes it on. Locks: a process's monitor is never held while a frame is sent.
 */
@NullMarked
package dev.vivarium.microvm.agent;

import org.jspecify.annotations.NullMarked;
