// Package recipe plays the recipes of zoo/client/recipe to ensembles of real processes, zoo's
// own and Java's, whose leaders are killed.
package recipe
