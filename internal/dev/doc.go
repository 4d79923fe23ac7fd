// Package dev runs a whole local ensemble, each server a process of its own. It
// guarantees that its children end when it does, cleanly if it can and by the
// kernel's hand if it is killed (on Linux), and that a kept directory comes back
// with its data and, where they are still free, its ports. It replicates nothing
// itself and knows the servers only by what any operator can ask them.
package dev
