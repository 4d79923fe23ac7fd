// Package packaging looks at what dist and scripts/release give to operators: the unit, the
// release, the Debian package, and an upgrade in Kubernetes, played with processes. What
// needs the libraries of Docker, Helm and Kubernetes is in cluster, a module of its own.
package packaging
