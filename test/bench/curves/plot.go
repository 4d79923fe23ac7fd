package curves

import (
	"fmt"
	"html"
	"strings"
)

// A plot is an SVG file of the panels of a curve, side by side: axes with a grid, a line
// with dots for each column and side, and what it is called below. It is written so that
// the same table makes the same bytes.

// The measures of a plot, in pixels.
const (
	panelWidth, panelHeight = 360, 300
	leftMargin, rightMargin = 52, 14
	topMargin, bottomMargin = 30, 78
	fontSize                = 11
	legendEach              = 14
)

// colours are those of the columns of a panel; another side's lines are dashed.
var colours = []string{"#0b62a4", "#c2410c", "#15803d"}

// plot draws a table.
func (t *table) plot() []byte {
	width := panelWidth * len(t.curve.panels)
	height := panelHeight + legendEach*len(t.sides())
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" `+
		`viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(t.curve.title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, p := range t.curve.panels {
		fmt.Fprintf(&b, `<g transform="translate(%d,0)">`+"\n", i*panelWidth)
		newDrawing(&b, t, p).draw()
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// drawing is one panel that is being drawn.
type drawing struct {
	out   *strings.Builder
	table *table
	panel panel
	x, y  axis
}

func newDrawing(out *strings.Builder, t *table, p panel) *drawing {
	var across, up []float64
	for _, r := range t.rows {
		across = append(across, float64(r.at))
		for _, column := range p.columns {
			if value, there := r.figures[column]; there {
				up = append(up, value)
			}
		}
	}
	linear := t.curve.linear
	return &drawing{out: out, table: t, panel: p, x: axisOf(across, linear),
		y: axisOf(up, linear)}
}

func (d *drawing) left(x float64) float64 {
	return leftMargin + d.x.place(x)*(panelWidth-leftMargin-rightMargin)
}

func (d *drawing) top(y float64) float64 {
	return panelHeight - bottomMargin - d.y.place(y)*(panelHeight-topMargin-bottomMargin)
}

func (d *drawing) draw() {
	d.text(leftMargin, topMargin-12, "start", d.panel.title)
	d.text((leftMargin+panelWidth-rightMargin)/2, panelHeight-bottomMargin+34, "middle",
		d.table.curve.across)
	for _, tick := range d.x.ticks() {
		x := d.left(tick)
		d.line(x, topMargin, x, panelHeight-bottomMargin)
		text := label(tick)
		if !d.x.linear && tick == d.x.low && d.fromZero() {
			text = "0"
		}
		d.text(x, panelHeight-bottomMargin+16, "middle", text)
	}
	for _, tick := range d.y.ticks() {
		y := d.top(tick)
		d.line(leftMargin, y, panelWidth-rightMargin, y)
		d.text(leftMargin-5, y+4, "end", label(tick))
	}
	n := 0
	for _, side := range d.table.sides() {
		for i, column := range d.panel.columns {
			d.series(side, column, colours[i%len(colours)])
			d.legend(n, side, column, colours[i%len(colours)])
			n++
		}
	}
}

// fromZero tells whether there is a point 0.
func (d *drawing) fromZero() bool {
	for _, r := range d.table.rows {
		if r.at == 0 {
			return true
		}
	}
	return false
}

func (d *drawing) line(x1, y1, x2, y2 float64) {
	fmt.Fprintf(d.out, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#ddd"/>`+"\n", x1, y1, x2, y2)
}

func (d *drawing) text(x, y float64, anchor, text string) {
	fmt.Fprintf(d.out, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor,
		html.EscapeString(text))
}

func (d *drawing) series(side, column, colour string) {
	var path []string
	for _, p := range d.table.series(side, column) {
		x, y := d.left(p.x), d.top(p.y)
		path = append(path, fmt.Sprintf("%.1f %.1f", x, y))
		fmt.Fprintf(d.out, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", x, y, colour)
	}
	if len(path) > 1 {
		fmt.Fprintf(d.out, `<path d="M%s" fill="none" stroke="%s" stroke-width="1.5"%s/>`+"\n",
			strings.Join(path, "L"), colour, dashes(side))
	}
}

func dashes(side string) string {
	if side == sideZoo {
		return ""
	}
	return ` stroke-dasharray="4 3"`
}

// legend names a line; there are up to three in a row.
func (d *drawing) legend(n int, side, column, colour string) {
	each := (panelWidth - 16) / len(colours)
	x := float64(8 + n%len(colours)*each)
	y := float64(panelHeight - 26 + n/len(colours)*legendEach)
	fmt.Fprintf(d.out, `<path d="M%.1f %.1fh12" stroke="%s" stroke-width="2"%s/>`+"\n", x, y-4,
		colour, dashes(side))
	name := column
	if side != sideZoo {
		name = side + " " + column
	}
	d.text(x+15, y, "start", name)
}
