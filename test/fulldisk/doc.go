// Package fulldisk fills a real file system under an ensemble and frees it again.
package fulldisk
