package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// A mark is a line across the panel with its word, a name is escaped, and seven lines take three
// rows of the legend.
func TestAFigureHasAllThatIsNamed(t *testing.T) {
	panel := Panel{Title: "a < b", Across: "s", Linear: true, Marks: []Mark{{10, "4a"}}}
	for i := range 7 {
		panel.Lines = append(panel.Lines, Line{Name: "<line>", Colour: i, Dashed: i > 3,
			Points: []Point{{0, 1}, {20, float64(i)}}})
	}
	drawn := string(Figure{Title: "T", Panels: []Panel{panel}}.SVG())
	for want, times := range map[string]int{">4a</text>": 1, "&lt;line&gt;": 7, "a &lt; b": 1,
		`height="342"`: 2, `stroke-dasharray="2 2"`: 1, "<circle": 14} {
		if got := strings.Count(drawn, want); got != times {
			t.Errorf("%q is there %d times, want %d, in\n%s", want, got, times, drawn)
		}
	}
	decoder, err := xml.NewDecoder(strings.NewReader(drawn)), error(nil)
	for err == nil {
		_, err = decoder.Token()
	}
	if !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
