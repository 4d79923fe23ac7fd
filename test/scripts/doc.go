// Package scripts runs the shell scripts of dist/bin as an operator's own scripts
// do: with real processes, and judged by what they print and how they exit.
package scripts
