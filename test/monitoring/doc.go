// Package monitoring holds the tests of dist/monitoring: what the dashboard and the rules ask for
// is what servers tell, Prometheus takes all of it, and every alert has its entry in
// docs/operate/monitor.md.
package monitoring
