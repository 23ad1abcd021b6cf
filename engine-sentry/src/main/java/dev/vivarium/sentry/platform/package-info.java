/** How the kernel gets hold of guest code: the contract that systrap, ptrace and kvm fulfil. */
@NullMarked
package dev.vivarium.sentry.platform;

import org.jspecify.annotations.NullMarked;
