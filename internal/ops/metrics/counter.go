package metrics

import "sync/atomic"

// Counter only grows, until the Set is reset. A nil Counter counts nothing.
type Counter struct{ n atomic.Uint64 }

// Add counts n more.
func (c *Counter) Add(n uint64) {
	if c != nil {
		c.n.Add(n)
	}
}

// Inc counts one more.
func (c *Counter) Inc() { c.Add(1) }

// Count is what was counted since the last reset.
func (c *Counter) Count() uint64 {
	if c == nil {
		return 0
	}
	return c.n.Load()
}

func (c *Counter) each(show func(Reading)) {
	show(Reading{Number: Whole(int64(c.n.Load()))})
}

func (c *Counter) reset() { c.n.Store(0) }

// gauge is a number that is asked for.
type gauge func() Number

func (g gauge) each(show func(Reading)) { show(Reading{Number: g()}) }

func (gauge) reset() {}

// gaugeSet is numbers that are asked for, by key.
type gaugeSet func(show func(key string, value float64))

func (g gaugeSet) each(show func(Reading)) {
	g(func(key string, value float64) {
		show(Reading{Key: key, Number: Whole(int64(value))})
	})
}

func (gaugeSet) reset() {}
