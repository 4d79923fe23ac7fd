// Package main is the generator of ZooKeeper's records: it turns a schema of
// ours, name.jute, into name_gen.go beside it. It guarantees that the output
// depends on nothing but the schema. It knows the encoding's types and the
// identities and stats that package wire encodes by hand, nothing else.
//
// A schema is lines. A '#' line is a comment; directly above a record or after
// a field it goes into the Go source as documentation.
//
//	package wire
//
//	# GetDataRequest asks for a znode's data.
//	record GetDataRequest {
//		string path
//		bool   watch      # watch sets a watch, too
//	}
//
// A field is "type name [GoType [GoName]]"; GoType may be - for the default.
// Types are bool, int, long, string, buffer, Stat, a record of the same file,
// vector<string>, vector<ACL>, vector<ID> and vector<record>. A vector type
// ending in ? keeps null apart from empty. "record R encode {" leaves the
// decoder to be written by hand.
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	for _, name := range os.Args[1:] {
		if err := run(name); err != nil {
			fmt.Fprintf(os.Stderr, "jutegen: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

// run generates the Go file of one schema.
func run(name string) error {
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	output, err := translate(name, string(source))
	if err != nil {
		return err
	}
	return os.WriteFile(outputName(name), output, 0o644)
}

// outputName is the Go file that belongs to a schema.
func outputName(name string) string { return strings.TrimSuffix(name, ".jute") + "_gen.go" }
