package docs

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// drawn are the pictures that were drawn by hand; those of curves have a test of their own.
const drawn = "docs/pictures/*.svg"

// foreign is what a picture would have to fetch, or run.
var foreign = []string{"href", "@import", "@font-face", "url(h", "<script", "<image"}

// A picture is whole XML, says in words what it shows, has colours for a dark page, and
// fetches nothing: it looks the same in a browser, on a forge and without a network.
func TestPicturesStandByThemselves(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(drawn)))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d pictures: %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, wanted := range []string{"<title", "<desc", "prefers-color-scheme:dark"} {
			if !strings.Contains(string(text), wanted) {
				t.Errorf("%s has no %s", name, wanted)
			}
		}
		for _, unwanted := range foreign {
			if strings.Contains(string(text), unwanted) {
				t.Errorf("%s has %s", name, unwanted)
			}
		}
		decoder := xml.NewDecoder(strings.NewReader(string(text)))
		for err == nil {
			_, err = decoder.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
