// Package paper repeats the experiments of the ZooKeeper paper (Hunt, Konar, Junqueira, Reed:
// ZooKeeper: Wait-free coordination for Internet-scale systems, USENIX ATC 2010, section 5)
// against any ensemble that runs: Table 1 (the extremes of a saturated system), Figure 5 (rates
// over the share of reads), Table 2 (creates), Figure 8 (rates through failures).
//
// It guarantees that results are the same as text, as CSV and as a plot, and that results of
// several ensembles can lie in one directory: each run replaces only those of its own. What the
// failures of Figure 8 are, and when, is a plan, pure; who causes them is the caller.
package paper
