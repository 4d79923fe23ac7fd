package plot

import (
	"fmt"
	"html"
	"strings"
)

// Figure is a picture of panels, side by side.
type Figure struct {
	Title  string
	Panels []Panel
}

// Panel is one plot: the lines share its axes.
type Panel struct {
	Title string
	// Across is what the points are, with their unit.
	Across string
	// Linear axes begin at 0; the others are logarithmic.
	Linear bool
	// Span are values across for which there is a place even if no line has a point there.
	Span  []float64
	Lines []Line
	// Marks are instants or places across that are pointed out.
	Marks []Mark
}

// Line is a row of points, in their order.
type Line struct {
	Name string
	// Colour counts through the few that there are.
	Colour int
	Dashed bool
	Points []Point
}

// Mark is a place across with a word of few signs.
type Mark struct {
	X    float64
	Text string
}

// The measures of a figure, in pixels.
const (
	panelWidth, panelHeight = 360, 300
	leftMargin, rightMargin = 52, 14
	topMargin, bottomMargin = 30, 78
	fontSize                = 11
	legendEach              = 14
)

var colours = []string{"#0b62a4", "#c2410c", "#15803d"}

// SVG draws the figure.
func (f Figure) SVG() []byte {
	width, rows := panelWidth*len(f.Panels), 0
	for _, p := range f.Panels {
		rows = max(rows, (len(p.Lines)+len(colours)-1)/len(colours))
	}
	height := panelHeight + legendEach*rows
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" `+
		`viewBox="0 0 %d %d" font-family="sans-serif" font-size="%d">`+"\n",
		width, height, width, height, fontSize)
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(f.Title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	for i, p := range f.Panels {
		fmt.Fprintf(&b, `<g transform="translate(%d,0)">`+"\n", i*panelWidth)
		newDrawing(&b, p).draw()
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// drawing is one panel that is being drawn.
type drawing struct {
	out    *strings.Builder
	panel  Panel
	across []float64
	x, y   axis
}

func newDrawing(out *strings.Builder, p Panel) *drawing {
	across := append([]float64(nil), p.Span...)
	var up []float64
	for _, line := range p.Lines {
		for _, at := range line.Points {
			across, up = append(across, at.X), append(up, at.Y)
		}
	}
	return &drawing{out: out, panel: p, across: across, x: axisOf(across, p.Linear),
		y: axisOf(up, p.Linear)}
}

func (d *drawing) left(x float64) float64 {
	return leftMargin + d.x.place(x)*(panelWidth-leftMargin-rightMargin)
}

func (d *drawing) top(y float64) float64 {
	return panelHeight - bottomMargin - d.y.place(y)*(panelHeight-topMargin-bottomMargin)
}

func (d *drawing) draw() {
	d.text(leftMargin, topMargin-12, "start", d.panel.Title)
	d.text((leftMargin+panelWidth-rightMargin)/2, panelHeight-bottomMargin+34, "middle",
		d.panel.Across)
	for _, tick := range d.x.ticks() {
		x := d.left(tick)
		d.line(x, topMargin, x, panelHeight-bottomMargin)
		text := Label(tick)
		if !d.x.linear && tick == d.x.low && hasZero(d.across) {
			text = "0"
		}
		d.text(x, panelHeight-bottomMargin+16, "middle", text)
	}
	for _, tick := range d.y.ticks() {
		y := d.top(tick)
		d.line(leftMargin, y, panelWidth-rightMargin, y)
		d.text(leftMargin-5, y+4, "end", Label(tick))
	}
	for _, m := range d.panel.Marks {
		d.mark(m)
	}
	for n, line := range d.panel.Lines {
		d.series(line)
		d.legend(n, line)
	}
}

func (d *drawing) line(x1, y1, x2, y2 float64) {
	fmt.Fprintf(d.out, `<path d="M%.1f %.1fL%.1f %.1f" stroke="#ddd"/>`+"\n", x1, y1, x2, y2)
}

func (d *drawing) text(x, y float64, anchor, text string) {
	fmt.Fprintf(d.out, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor,
		html.EscapeString(text))
}

func (d *drawing) mark(m Mark) {
	x := d.left(m.X)
	fmt.Fprintf(d.out, `<path d="M%.1f %dV%d" stroke="#888" stroke-dasharray="2 2"/>`+"\n", x,
		topMargin, panelHeight-bottomMargin)
	d.text(x, topMargin-2, "middle", m.Text)
}

func (line Line) colour() string { return colours[line.Colour%len(colours)] }

func (d *drawing) series(line Line) {
	var path []string
	for _, p := range line.Points {
		x, y := d.left(p.X), d.top(p.Y)
		path = append(path, fmt.Sprintf("%.1f %.1f", x, y))
		fmt.Fprintf(d.out, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s"/>`+"\n", x, y,
			line.colour())
	}
	if len(path) > 1 {
		fmt.Fprintf(d.out, `<path d="M%s" fill="none" stroke="%s" stroke-width="1.5"%s/>`+"\n",
			strings.Join(path, "L"), line.colour(), line.dashes())
	}
}

func (line Line) dashes() string {
	if !line.Dashed {
		return ""
	}
	return ` stroke-dasharray="4 3"`
}

// legend names a line; there are up to three in a row.
func (d *drawing) legend(n int, line Line) {
	each := (panelWidth - 16) / len(colours)
	x := float64(8 + n%len(colours)*each)
	y := float64(panelHeight - 26 + n/len(colours)*legendEach)
	fmt.Fprintf(d.out, `<path d="M%.1f %.1fh12" stroke="%s" stroke-width="2"%s/>`+"\n", x, y-4,
		line.colour(), line.dashes())
	d.text(x+15, y, "start", line.Name)
}
