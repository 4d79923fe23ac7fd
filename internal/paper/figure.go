package paper

import (
	"slices"

	"zoo/internal/plot"
)

// sizeColours are the servers of the paper's figures.
var sizeColours = []int{3, 5, 7}

// colour is the same for ensembles of one size, so that sides differ by their dashes.
func colour(e Ensemble, all []Ensemble) int {
	if i := slices.Index(sizeColours, e.Servers); i >= 0 {
		return i
	}
	return slices.Index(all, e)
}

// dashed are all sides but the last one, which is zoo beside java.
func dashed(e Ensemble, all []Ensemble) bool { return e.Side != all[len(all)-1].Side }

// plots are the figures of what there is, by the name of their file.
func (r *Results) plots() map[string]plot.Figure {
	all := map[string]plot.Figure{}
	for e, across := range map[Experiment]string{Table1: "% of reads", Figure5: "% of reads",
		Table2: "workers"} {
		if points := r.of(e); len(points) > 0 {
			all[string(e)] = plot.Figure{Title: titles[e], Panels: []plot.Panel{{
				Title: rateTitle, Across: across, Linear: true, Lines: lines(points)}}}
		}
	}
	if panels := r.panels(); len(panels) > 0 {
		all[string(Figure8)] = plot.Figure{Title: titles[Figure8], Panels: panels}
	}
	return all
}

const rateTitle = "operations a second"

func lines(points []Point) (lines []plot.Line) {
	all := ensembles(points)
	for _, e := range all {
		line := plot.Line{Name: e.String(), Colour: colour(e, all), Dashed: dashed(e, all)}
		for _, p := range points {
			if p.Ensemble == e {
				line.Points = append(line.Points, plot.Point{X: float64(p.At), Y: p.Rate})
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// panels are Figure 8 of each ensemble: their events have instants of their own.
func (r *Results) panels() (panels []plot.Panel) {
	all := r.through()
	for _, e := range all {
		line := plot.Line{Name: e.String(), Colour: colour(e, all), Dashed: dashed(e, all)}
		for _, s := range r.Seconds {
			if s.Ensemble == e {
				line.Points = append(line.Points, plot.Point{X: float64(s.At), Y: float64(s.Ops)})
			}
		}
		panel := plot.Panel{Title: rateTitle, Across: "s", Linear: true,
			Lines: []plot.Line{line}}
		for _, h := range r.Happenings {
			if h.Ensemble == e && h.Error == "" {
				panel.Marks = append(panel.Marks, plot.Mark{X: h.At, Text: sign(h)})
			}
		}
		panels = append(panels, panel)
	}
	return panels
}

// sign is the mark of a failure, and a + before that of a recovery.
func sign(h Happening) string {
	if h.Kind == Heal {
		return "+" + h.Mark
	}
	return h.Mark
}
