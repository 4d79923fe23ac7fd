// Package cluster reads what dist has for containers and Kubernetes as Docker, Helm and
// Kubernetes would, and plays an upgrade with the commands that are in it. It is a module
// of its own: the libraries of those are no business of the server's.
package cluster
