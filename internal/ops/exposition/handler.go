package exposition

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zoo/internal/ops/command"
)

// Path is where the metrics are, on every port that has them.
const Path = "/metrics"

// scrapesMax is how many scrapes are answered at once; others are told 503.
const scrapesMax = 4

// Process says whether a scrape tells of the process as well.
type Process bool

// What a scrape tells.
const (
	ServerOnly Process = false
	// WithProcess adds go_* and process_*, in place of what Java tells of its own machine.
	WithProcess Process = true
)

// NewHandler answers scrapes from what the answerer knows.
func NewHandler(a *command.Answerer, process Process, log *slog.Logger) http.Handler {
	from := prometheus.Gatherers{&gatherer{answers: a}}
	if process {
		own := prometheus.NewRegistry()
		own.MustRegister(collectors.NewGoCollector(),
			collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		from = append(from, own)
	}
	return promhttp.HandlerFor(from, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: scrapesMax,
		// OpenMetrics would have counters end in _total, under which no dashboard looks.
		EnableOpenMetrics: false,
	})
}
