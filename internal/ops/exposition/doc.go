// Package exposition shows a server's metrics to Prometheus: GET /metrics, under the names
// that ZooKeeper's PrometheusMetricsProvider gives them, with histograms beside them. It
// guarantees that a scrape counts nothing and that nothing of it is on the way of a request:
// metrics are kept by package metrics, and turned into Prometheus's form when they are asked
// for.
//
// The form is chosen by the one who asks. As text a histogram has classic buckets at powers
// of two; as protobuf it is a native histogram as well.
package exposition
