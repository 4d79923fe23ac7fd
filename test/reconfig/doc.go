// Package reconfig lets members join and leave ensembles of real processes.
package reconfig
