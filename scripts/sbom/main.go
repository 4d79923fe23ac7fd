// Package main writes the bill of materials of a binary of ours, in CycloneDX's JSON: what
// the binary itself says it was made from. The same binary gives the same bytes: there is
// neither a time nor a random number in it.
//
//	go run ./scripts/sbom -version 1.2.3 bin/zoo >zoo.cdx.json
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

func main() {
	version := flag.String("version", "development", "the version of the release")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sbom [-version VERSION] BINARY")
		os.Exit(2)
	}
	if err := write(os.Stdout, flag.Arg(0), *version); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func write(w io.Writer, binary, version string) error {
	made, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	whole, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).
		EncodeVersion(materials(made, sha256.Sum256(whole), version), cyclonedx.SpecVersion1_6)
}

// materials is what a binary was made from.
func materials(made *debug.BuildInfo, sum [sha256.Size]byte, version string) *cyclonedx.BOM {
	product := &cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, Name: "zoo", Version: version, BOMRef: "zoo",
		Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256,
			Value: hex.EncodeToString(sum[:])}},
		Properties: &[]cyclonedx.Property{},
	}
	for _, s := range made.Settings {
		*product.Properties = append(*product.Properties,
			cyclonedx.Property{Name: "go:build:" + s.Key, Value: s.Value})
	}
	parts := []cyclonedx.Component{component("std", made.GoVersion[len("go"):], "")}
	for _, m := range made.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, component(m.Path, m.Version, m.Sum))
	}
	var refs []string
	for i := range parts {
		refs = append(refs, parts[i].BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: product}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: product.BOMRef, Dependencies: &refs}}
	return bom
}

// component is one module; sum is what go.sum has for it, SHA-256 over its files.
func component(path, version, sum string) cyclonedx.Component {
	purl := "pkg:golang/" + path + "@" + version
	c := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version,
		BOMRef: purl, PackageURL: purl, Scope: cyclonedx.ScopeRequired}
	hash, ok := strings.CutPrefix(sum, "h1:")
	if raw, err := base64.StdEncoding.DecodeString(hash); ok && err == nil {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256,
			Value: hex.EncodeToString(raw)}}
	}
	return c
}
