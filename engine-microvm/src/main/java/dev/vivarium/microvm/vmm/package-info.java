/**
 * Virtual machine monitors behind one interface: what a machine is made of, how it is started, and
 * what is left of it when it ends.
 */
@NullMarked
package dev.vivarium.microvm.vmm;

import org.jspecify.annotations.NullMarked;
