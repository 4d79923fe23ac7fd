package gssapi

import (
	"fmt"
	"time"

	"zoo/internal/net/sasl"
	"zoo/internal/net/sasl/kerberos"
)

// Config is what a Mechanism needs to know.
type Config struct {
	Options
	Naming kerberos.Naming
	// ClockSkew is how far the clocks of a client and ours may differ; 0 stands for
	// kerberos.ClockSkewDefault.
	ClockSkew time.Duration
	// Now is the clock of the wall; nil stands for the system's.
	Now func() time.Time
}

// Mechanism accepts clients of one service. It may be used by many goroutines.
type Mechanism struct {
	config  Config
	keys    *keys
	replays *replays
}

var _ sasl.Mechanism = (*Mechanism)(nil)

// New reads the keytab and looks whether the service has a key in it.
func New(c Config) (*Mechanism, error) {
	if c.ClockSkew == 0 {
		c.ClockSkew = kerberos.ClockSkewDefault
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	k, err := loadKeys(c.KeyTab, c.Principal)
	if err != nil {
		return nil, fmt.Errorf("GSSAPI: %w", err)
	}
	return &Mechanism{config: c, keys: k, replays: newReplays(c.ClockSkew, c.Now)}, nil
}

// Begin starts the authentication of one client.
func (m *Mechanism) Begin() sasl.Exchange { return &exchange{mechanism: m} }

// refusal is an error of the exchange. The format's values must hold no secret.
func refusal(format string, values ...any) error {
	return fmt.Errorf("%w: GSSAPI: "+format, append([]any{sasl.ErrRefused}, values...)...)
}
