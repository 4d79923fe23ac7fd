package inspect

import (
	"fmt"
	"strings"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Transaction is an entry of the log in words.
type Transaction struct {
	Zxid    string `json:"zxid"`
	Time    string `json:"time"`
	Session string `json:"session"`
	Cxid    int32  `json:"cxid"`
	Change
	// Digest is the tree's digest after the transaction; "" if the log has none.
	Digest string `json:"digest,omitempty"`
}

// Change is what a transaction, or a part of a multi, does.
type Change struct {
	Type string `json:"type"`
	Path string `json:"path,omitempty"`
	// DataBytes is the length of the data of a create or setData, -1 for null.
	DataBytes *int `json:"dataBytes,omitempty"`
	// Data is shown only on demand: it may be secret.
	Data      []byte   `json:"data,omitempty"`
	ACL       []string `json:"acl,omitempty"`
	Ephemeral bool     `json:"ephemeral,omitempty"`
	TTL       int64    `json:"ttlMillis,omitempty"`
	// Version is the znode's data or ACL version after the change, or the one that
	// a check demands.
	Version *int32 `json:"version,omitempty"`
	// ParentCVersion is -1 in logs from before 3.4.
	ParentCVersion *int32 `json:"parentCversion,omitempty"`
	// TimeoutMillis is a new session's.
	TimeoutMillis *int32 `json:"timeoutMillis,omitempty"`
	// Paths are the ephemerals that go with a session.
	Paths []string `json:"paths,omitempty"`
	Error string   `json:"error,omitempty"`
	Parts []Change `json:"parts,omitempty"`
}

// Time writes milliseconds of the wall clock as tools do: UTC, RFC 3339.
func Time(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}

// Describe puts an entry into words; withData shows the data, too.
func Describe(e txn.Entry, data Data) (Transaction, error) {
	h, record, digest, err := e.Decode()
	if err != nil {
		return Transaction{}, err
	}
	change, err := describe(h.Type, record, data)
	if err != nil {
		return Transaction{}, fmt.Errorf("transaction %v: %w", h.Zxid, err)
	}
	t := Transaction{
		Zxid: h.Zxid.String(), Time: Time(h.Time), Session: h.Session.String(), Cxid: h.Cxid,
		Change: change,
	}
	if digest != nil {
		t.Digest = fmt.Sprintf("%#x", digest.Tree)
	}
	return t, nil
}

// Data tells whether the data of znodes is shown.
type Data bool

// The two ways.
const (
	HideData Data = false
	ShowData Data = true
)

func describe(op wire.Op, record jute.Record, data Data) (Change, error) {
	c := Change{Type: op.String()}
	switch r := record.(type) {
	case *txn.CreateTxn:
		c.create(r.Path, r.Data, r.ACL, r.ParentCVersion, data)
		c.Ephemeral = r.Ephemeral
	case *txn.CreateTTLTxn:
		c.create(r.Path, r.Data, r.ACL, r.ParentCVersion, data)
		c.TTL = r.TTL
	case *txn.CreateContainerTxn:
		c.create(r.Path, r.Data, r.ACL, r.ParentCVersion, data)
	case *txn.DeleteTxn:
		c.Path = r.Path
	case *txn.SetDataTxn:
		c.Path, c.Version = r.Path, &r.Version
		c.data(r.Data, data)
	case *txn.SetACLTxn:
		c.Path, c.Version, c.ACL = r.Path, &r.Version, ACLTexts(r.ACL)
	case *txn.CheckVersionTxn:
		c.Path, c.Version = r.Path, &r.Version
	case *txn.ErrorTxn:
		c.Error = r.Err.Error()
	case *txn.CreateSessionTxn:
		c.TimeoutMillis = &r.TimeOut
	case *txn.CloseSessionTxn:
		c.Paths = r.Paths
	case *txn.MultiTxn:
		return c, c.multi(r, data)
	}
	return c, nil
}

func (c *Change) create(path string, p []byte, acl []zoo.ACL, cversion int32, data Data) {
	c.Path, c.ACL, c.ParentCVersion = path, ACLTexts(acl), &cversion
	c.data(p, data)
}

func (c *Change) data(p []byte, data Data) {
	n := len(p)
	if p == nil {
		n = -1
	}
	c.DataBytes = &n
	if data == ShowData {
		c.Data = p
	}
}

func (c *Change) multi(r *txn.MultiTxn, data Data) error {
	for i, part := range r.Txns {
		record, err := txn.NewRecord(part.Type)
		if err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		d := jute.NewTrustedDecoder(part.Data)
		if record.DecodeFrom(&d); d.Err() != nil {
			return fmt.Errorf("part %d: %w", i, d.Err())
		}
		change, err := describe(part.Type, record, data)
		if err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
		c.Parts = append(c.Parts, change)
	}
	return nil
}

// ACLTexts writes a list as zkCli's setAcl takes it: scheme:id:perms.
func ACLTexts(list []zoo.ACL) []string {
	var texts []string
	for _, a := range list {
		perms := a.Perms.String()
		if a.Perms&^zoo.PermAll != 0 {
			perms = fmt.Sprint(int32(a.Perms)) // bits that have no letter
		}
		texts = append(texts, a.ID.Scheme+":"+a.ID.ID+":"+perms)
	}
	return texts
}

// Touches visits the paths that a change is about.
func (c *Change) Touches(visit func(path string)) {
	if c.Path != "" {
		visit(c.Path)
	}
	for _, path := range c.Paths {
		visit(path)
	}
	for i := range c.Parts {
		c.Parts[i].Touches(visit)
	}
}

// String is the transaction on one line.
func (t Transaction) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s session=%s cxid=%d ", t.Zxid, t.Time, t.Session, t.Cxid)
	t.Change.write(&b)
	if t.Digest != "" {
		fmt.Fprintf(&b, " digest=%s", t.Digest)
	}
	return b.String()
}

func (c *Change) write(b *strings.Builder) {
	b.WriteString(c.Type)
	if c.Path != "" {
		fmt.Fprintf(b, " path=%q", c.Path)
	}
	if c.DataBytes != nil {
		fmt.Fprintf(b, " dataBytes=%d", *c.DataBytes)
	}
	if c.Data != nil {
		fmt.Fprintf(b, " data=%q", c.Data)
	}
	if c.ACL != nil {
		fmt.Fprintf(b, " acl=%q", strings.Join(c.ACL, ","))
	}
	if c.Ephemeral {
		b.WriteString(" ephemeral")
	}
	if c.TTL != 0 {
		fmt.Fprintf(b, " ttlMillis=%d", c.TTL)
	}
	c.writeNumbers(b)
}

func (c *Change) writeNumbers(b *strings.Builder) {
	for _, number := range []struct {
		name  string
		value *int32
	}{
		{"version", c.Version}, {"parentCversion", c.ParentCVersion},
		{"timeoutMillis", c.TimeoutMillis},
	} {
		if number.value != nil {
			fmt.Fprintf(b, " %s=%d", number.name, *number.value)
		}
	}
	if c.Paths != nil {
		fmt.Fprintf(b, " paths=%q", c.Paths)
	}
	if c.Error != "" {
		fmt.Fprintf(b, " error=%q", c.Error)
	}
	for i := range c.Parts {
		b.WriteString(" {")
		c.Parts[i].write(b)
		b.WriteByte('}')
	}
}
