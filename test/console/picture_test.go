package console

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// coloursMax is how many a picture with a palette has.
const coloursMax = 256

// shrinkAll gives the console's pictures a palette: a third of the bytes, and a page looks the
// same, since all but the rims of its letters has a few colours.
func shrinkAll(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "console-*.png"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		picture, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			return err
		}
		var small bytes.Buffer
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		if err := encoder.Encode(&small, paletted(picture)); err != nil {
			return err
		}
		if err := os.WriteFile(name, small.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// paletted has the most common colours of a picture, and for each other one the nearest.
func paletted(of image.Image) *image.Paletted {
	counts := map[color.Color]int{}
	each(of.Bounds(), func(x, y int) { counts[of.At(x, y)]++ })
	common := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int {
		return cmp.Compare(counts[b], counts[a])
	})
	small := image.NewPaletted(of.Bounds(), common[:min(len(common), coloursMax)])
	nearest := map[color.Color]uint8{}
	for c := range counts {
		nearest[c] = uint8(small.Palette.Index(c))
	}
	each(of.Bounds(), func(x, y int) { small.SetColorIndex(x, y, nearest[of.At(x, y)]) })
	return small
}

func each(area image.Rectangle, visit func(x, y int)) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			visit(x, y)
		}
	}
}

func TestAPictureKeepsItsCommonColours(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 40, 20))
	each(picture.Bounds(), func(x, y int) {
		c := color.RGBA{R: 255, A: 255}
		if y >= 10 { // 400 colours that are there once, near to blue
			c = color.RGBA{R: uint8(x), G: uint8(y), B: 200, A: 255}
		}
		picture.SetRGBA(x, y, c)
	})
	small := paletted(picture)
	if len(small.Palette) != coloursMax || small.At(3, 3) != (color.RGBA{R: 255, A: 255}) {
		t.Fatalf("%d colours, red is %v", len(small.Palette), small.At(3, 3))
	}
	if _, _, blue, _ := small.At(20, 15).RGBA(); blue>>8 != 200 {
		t.Errorf("blue is %v", small.At(20, 15))
	}
}
