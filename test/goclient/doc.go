// Package goclient plays the same stories with the package client against ensembles of
// our servers and of Java's. It guarantees nothing; what one story shows with either
// holds for both.
package goclient
