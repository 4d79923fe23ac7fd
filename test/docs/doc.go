// Package docs reads the project's pages as their readers do: it follows every link, and does
// what README.md, docs/quick-start.md and the runbooks say, block by block, with real servers
// on free ports. It guarantees that no block is left out silently: what is not run says why.
package docs
