// Package docs reads the project's pages as their readers do: it follows every link, and does
// what README.md and docs/quick-start.md say, block by block, in a copy of the source, with
// real servers on free ports. It guarantees that no block is left out silently.
package docs
