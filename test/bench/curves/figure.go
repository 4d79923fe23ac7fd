package curves

import "zoo/internal/plot"

// plot draws a table: a line for each column and side, another side's dashed.
func (t *table) plot() []byte {
	figure := plot.Figure{Title: t.curve.title}
	var span []float64
	for _, r := range t.rows {
		span = append(span, float64(r.at))
	}
	for _, p := range t.curve.panels {
		figure.Panels = append(figure.Panels, plot.Panel{Title: p.title, Across: t.curve.across,
			Linear: t.curve.linear, Span: span, Lines: t.lines(p)})
	}
	return figure.SVG()
}

func (t *table) lines(p panel) (lines []plot.Line) {
	for _, side := range t.sides() {
		for i, column := range p.columns {
			line := plot.Line{Name: column, Colour: i, Dashed: side != sideZoo,
				Points: t.series(side, column)}
			if line.Dashed {
				line.Name = side + " " + column
			}
			lines = append(lines, line)
		}
	}
	return lines
}
