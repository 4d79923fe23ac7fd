package doctor

import (
	"strconv"
	"time"

	"zoo/internal/config"
)

// setting is one that conf tells, as a configuration would have it.
type setting struct{ name, value string }

// effective are the settings of conf that a file decides alone.
func effective(c *config.Config) []setting {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	all := []setting{
		{"clientPort", strconv.Itoa(c.ClientPort())},
		{"tickTime", ms(c.Tick)},
		{"maxClientCnxns", strconv.Itoa(c.ConnsPerHostMax)},
		{"minSessionTimeout", ms(c.SessionTimeoutMin)},
		{"maxSessionTimeout", ms(c.SessionTimeoutMax)},
	}
	if c.Standalone() {
		return all
	}
	return append(all, setting{"initLimit", strconv.Itoa(c.InitLimitTicks)},
		setting{"syncLimit", strconv.Itoa(c.SyncLimitTicks)})
}
