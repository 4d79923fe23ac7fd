package load

import "time"

// countOne counts what has taken one request at a time.
func (w *worker) countOne(begun, now int64, err error) {
	if now < w.run.from || now >= w.run.until {
		return
	}
	if err != nil {
		w.result.failures++
		w.result.lastErr = err
		return
	}
	w.result.latency.Record(time.Duration(now-begun), 1)
	w.result.writes++
	w.result.mark(now)
}
