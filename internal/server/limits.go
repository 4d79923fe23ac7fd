package server

import (
	"math"

	"zoo/internal/config"
	"zoo/internal/core/balance"
	"zoo/internal/core/replica"
)

const (
	// entryExtraBytesMin is the least that Java gives records between servers.
	entryExtraBytesMin = 1024
	// packetBytesMin is what a packet between servers may have at least: a history
	// may have transactions from when jute.maxbuffer was larger, and a limit on what
	// is committed already would keep a server out for ever (ZOOKEEPER-4843).
	packetBytesMin = 64 << 20
)

// addLimits puts in what the configuration says about quotas, the reaper and the
// size of transactions.
func (own *Config) addLimits(c *config.Config) {
	own.Reaping = replica.Reaping{
		Interval: c.Containers.CheckInterval, PerMinuteMax: c.Containers.MaxPerMinute,
		NeverUsedMax: c.Containers.NeverUsedMax,
	}
	own.EnforceQuota = c.Limits.QuotaEnforced
	own.Linearizable = c.Limits.Linearizable
	own.Balance = balance.Rule{
		TolerancePercent: c.Limits.BalanceTolerance, RoundMax: balanceRoundMax}
	own.EntryBytesMax = entryBytesMax(c.FrameBytesMax, c.Limits.FrameExtraBytes)
	own.Quorum.DataBytesMax = max(own.EntryBytesMax, packetBytesMin)
}

// entryBytesMax is the largest record that a server written in Java reads with the
// same settings (jute.maxbuffer, jute.maxbuffer.extrasize): a proposal that is
// larger would keep it from ever following (ZOOKEEPER-3496).
func entryBytesMax(frame, extra int) int {
	return int(min(int64(frame)+int64(max(extra, entryExtraBytesMin)), math.MaxInt32))
}
