package throttle

import "time"

// Config describes a Bucket. The zero value lets everything pass.
type Config struct {
	// Tokens is the size of the bucket; 0 switches it off.
	Tokens int
	// FillCount tokens come back in FillTime.
	FillTime  time.Duration
	FillCount int
	// FreezeTime is how long a chance of refusal stays before it is reconsidered;
	// negative means that nothing is refused by chance.
	FreezeTime time.Duration
	// Increase is added to the chance while the bucket is empty, Decrease taken from
	// it while at most the share DecreaseRatio of the tokens is out.
	Increase, Decrease, DecreaseRatio float64
}

// Bucket is a bucket of tokens. It belongs to whoever guards it.
type Bucket struct {
	cfg       Config
	tokens    int
	filledAt  time.Duration
	frozenAt  time.Duration
	dropShare float64
}

// New makes a full bucket.
func New(cfg Config, now time.Duration) *Bucket {
	return &Bucket{cfg: cfg, tokens: cfg.Tokens, filledAt: now, frozenAt: now}
}

// Take takes tokens, or refuses. Chance is a random number in [0, 1).
func (b *Bucket) Take(now time.Duration, need int, chance float64) bool {
	if b.cfg.Tokens == 0 {
		return true
	}
	b.fill(now)
	b.reconsider(now)
	if chance < b.dropShare || b.tokens < need {
		return false
	}
	b.tokens -= need
	return true
}

// fill brings back the tokens of the time since the last time. What a token needs
// beyond that stays for the next.
func (b *Bucket) fill(now time.Duration) {
	if b.cfg.FillTime <= 0 {
		b.tokens = b.cfg.Tokens
		return
	}
	periods := (now - b.filledAt) / b.cfg.FillTime
	if periods <= 0 {
		return
	}
	b.filledAt += periods * b.cfg.FillTime
	room := b.cfg.Tokens - b.tokens
	if int64(periods) >= int64(room) || int(periods)*b.cfg.FillCount >= room {
		b.tokens = b.cfg.Tokens
		return
	}
	b.tokens += int(periods) * b.cfg.FillCount
}

// reconsider moves the chance of a refusal.
func (b *Bucket) reconsider(now time.Duration) {
	if b.cfg.FreezeTime < 0 || now-b.frozenAt <= b.cfg.FreezeTime {
		return
	}
	b.frozenAt = now
	switch out := b.Deficit(); {
	case out == b.cfg.Tokens:
		b.dropShare = min(b.dropShare+b.cfg.Increase, 1)
	case float64(out) <= b.cfg.DecreaseRatio*float64(b.cfg.Tokens):
		b.dropShare = max(b.dropShare-b.cfg.Decrease, 0)
	}
}

// Deficit is how many tokens are out.
func (b *Bucket) Deficit() int { return b.cfg.Tokens - b.tokens }

// DropShare is the present chance of a refusal, 0 to 1.
func (b *Bucket) DropShare() float64 { return b.dropShare }
