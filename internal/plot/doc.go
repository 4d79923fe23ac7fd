// Package plot draws figures as SVG files: panels side by side, each with axes, a grid, and
// lines with dots. It guarantees that the same figure makes the same bytes, so that plots can be
// committed and compared, and that a file is well-formed whatever is missing. It knows nothing
// of what is measured.
package plot
