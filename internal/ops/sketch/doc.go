// Package sketch finds what is asked for the most among more paths than can be kept: the
// rates of the busiest paths, and of the busiest subtrees at each of the first depths.
//
// It guarantees bounded memory, and that a request which is not sampled costs a decrement and
// no lock. What is sampled counts for all that were skipped before it, so that the rates are
// right on average whatever the load is. A rate is an exponentially weighted mean of the last
// minute or so. Of the keys the busiest are kept by the rule of Metwally's Space-Saving: one
// that is not kept has at most the rate of the least one that is, which each line tells as
// what it may have missed.
//
// No goroutine and no clock are in here: whoever notes a request says when it is.
package sketch
