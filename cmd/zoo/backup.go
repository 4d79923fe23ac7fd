package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"filippo.io/age"

	"zoo"
	"zoo/internal/disk/backup"
	"zoo/internal/disk/vfs"
)

type backupCommand struct {
	Create  backupCreateCommand  `cmd:"" help:"Back up a running server, or a data directory, now."`
	Archive backupArchiveCommand `cmd:"" help:"Archive the transaction log as it grows, until stopped."`
	List    backupListCommand    `cmd:"" help:"Show what a repository holds and where a restore can go."`
	Verify  backupVerifyCommand  `cmd:"" help:"Read a whole repository and check it."`
	Restore backupRestoreCommand `cmd:"" help:"Restore a point in time, into an empty directory or a running ensemble."`
	Keygen  backupKeygenCommand  `cmd:"" help:"Make a key pair for encrypted backups."`
}

// The exit codes of zoo backup, beside those of the offline tools.
const (
	exitUnreachable = 3
	exitOccupied    = 4
)

// vault is where a repository is.
type vault struct {
	Repo     string `required:"" placeholder:"where" help:"The repository: a directory, or s3://BUCKET/PREFIX, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the environment."`
	Endpoint string `name:"s3-endpoint" env:"AWS_ENDPOINT_URL" placeholder:"URL" help:"An S3-compatible store other than AWS, such as http://127.0.0.1:9000."`
	Region   string `name:"s3-region" env:"AWS_REGION" placeholder:"region" help:"The store's region."`
	JSON     bool   `name:"json" help:"Print JSON."`
}

func (v *vault) target() (backup.Target, error) {
	if !strings.Contains(v.Repo, "://") {
		return backup.Dir{FS: vfs.OS{}, Path: v.Repo}, nil
	}
	return backup.OpenBucket(v.Repo, backup.BucketOptions{Endpoint: v.Endpoint, Region: v.Region})
}

// writer opens the repository to write to it.
func (v *vault) writer(ctx context.Context, recipients []string) (*backup.Repository, error) {
	target, err := v.target()
	if err != nil {
		return nil, err
	}
	var keys backup.Keys
	for i, text := range recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, refuseRecipient(i, text)
		}
		keys.Recipients = append(keys.Recipients, r)
	}
	return backup.OpenOrInit(ctx, target, keys)
}

// refuseRecipient never shows the text: it may be a private key, and age's own error
// repeats it.
func refuseRecipient(i int, text string) error {
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "AGE-SECRET-KEY-") {
		return fmt.Errorf("--recipient, number %d: that is a private key, and it stays in the "+
			"history of your shell: give its public key, which begins with age1, or make a new "+
			"pair with zoo backup keygen", i+1)
	}
	return fmt.Errorf("--recipient, number %d: it is no public key of age, which begins with "+
		"age1 and has %d characters", i+1, recipientRunes)
}

// recipientRunes is the length of an X25519 recipient.
const recipientRunes = 62

// reader opens the repository to read it.
func (v *vault) reader(ctx context.Context, identity string) (*backup.Repository, error) {
	target, err := v.target()
	if err != nil {
		return nil, err
	}
	var keys backup.Keys
	if identity != "" {
		f, err := os.Open(identity)
		if err != nil {
			return nil, fmt.Errorf("--identity: %w", err)
		}
		defer f.Close()
		if keys.Identities, err = age.ParseIdentities(f); err != nil {
			return nil, fmt.Errorf("--identity %s: %w", identity, err)
		}
	}
	return backup.Open(ctx, target, keys)
}

// origin is where a history is copied from.
type origin struct {
	From      string   `required:"" placeholder:"URL|dir" help:"The admin port of a running server, http://HOST:8080 or https://HOST:8080, or a dataDir. A path of the URL comes before /commands."`
	LogDir    string   `placeholder:"dir" help:"The dataLogDir of --from, if it is another directory."`
	AuthFile  string   `placeholder:"file" help:"A file with what a server is told in the header Authorization, such as: digest super:secret."`
	Recipient []string `placeholder:"age1…" help:"Encrypt for this public key (see zoo backup keygen); may be repeated."`
	trustFlags
}

func (o *origin) source() (backup.Source, error) {
	if !strings.Contains(o.From, "://") {
		if o.AuthFile != "" {
			return nil, errors.New("--auth-file is for a server: --from is a directory")
		}
		if o.given() {
			return nil, errors.New("--ca, --cert and --client-configuration are for a server: " +
				"--from is a directory")
		}
		return backup.DataDir{FS: vfs.OS{}, Path: o.From, LogPath: o.LogDir}, nil
	}
	if o.LogDir != "" {
		return nil, errors.New("--log-dir is for a dataDir: --from is a server")
	}
	server, err := backup.ParseServer(o.From)
	if err != nil {
		return nil, err
	}
	if server.Client, err = o.client(); err != nil || o.AuthFile == "" {
		return server, err
	}
	text, err := os.ReadFile(o.AuthFile)
	if err != nil {
		return nil, fmt.Errorf("--auth-file: %w", err)
	}
	server.Authorization = strings.TrimSpace(string(text))
	return server, nil
}

// backupTrouble gives an error its exit code.
func backupTrouble(err error) error {
	var damaged *vfs.CorruptError
	var silent exitCode
	switch {
	case err == nil, errors.As(err, &silent):
		return err
	case errors.Is(err, backup.ErrUnreachable), errors.Is(err, backup.ErrNoSubtree):
		return coded{err, exitUnreachable}
	case errors.Is(err, backup.ErrNotEmpty), errors.Is(err, backup.ErrExists):
		return coded{err, exitOccupied}
	case errors.As(err, &damaged):
		return coded{err, int(exitFound)}
	}
	return trouble{err}
}

// coded is an error with an exit code.
type coded struct {
	error
	code int
}

// ExitCode is the process's.
func (c coded) ExitCode() int { return c.code }

// Unwrap gives the error itself.
func (c coded) Unwrap() error { return c.error }

type backupCreateCommand struct {
	vault  `embed:""`
	origin `embed:""`
}

// Run makes a base, with the log that follows it.
func (c *backupCreateCommand) Run(ctx context.Context, m *Main) error {
	from, err := c.source()
	if err != nil {
		return trouble{err}
	}
	repo, err := c.writer(ctx, c.Recipient)
	if err != nil {
		return backupTrouble(err)
	}
	tell, done := m.progress("copying")
	repo.Tell(tell)
	made, err := repo.Create(ctx, from)
	done()
	if err != nil {
		return backupTrouble(err)
	}
	if c.JSON {
		return printJSON(m, made)
	}
	m.created(made)
	return nil
}

func (m *Main) created(made backup.Created) {
	verb := "backed up"
	if made.Existed {
		verb = "nothing newer than"
	}
	fmt.Fprintf(m.Stdout, "%s snapshot %v of %s, %d bytes; a restore can go up to %v\n", verb,
		zoo.Zxid(made.Base.Zxid), made.Base.Source, made.Base.Bytes, zoo.Zxid(made.End))
	for _, note := range made.Notes {
		fmt.Fprintf(m.Stderr, "note: %s\n", note)
	}
}

type backupArchiveCommand struct {
	vault     `embed:""`
	origin    `embed:""`
	Interval  time.Duration `default:"10s" help:"How often to look; the most that a disaster costs."`
	BaseEvery time.Duration `default:"24h" help:"Make a new base when the newest is older than this; 0 never does."`
	Once      bool          `help:"Look once, as is done at each interval otherwise, and end."`
}

// Run archives until it is stopped. What goes wrong later than at the first look is
// told, and tried again.
func (c *backupArchiveCommand) Run(ctx context.Context, m *Main) error {
	from, err := c.source()
	if err != nil {
		return trouble{err}
	}
	repo, err := c.writer(ctx, c.Recipient)
	if err != nil {
		return backupTrouble(err)
	}
	if c.Interval <= 0 {
		return trouble{errors.New("--interval must be more than 0")}
	}
	how := backup.Following{
		Interval: c.Interval, BaseEvery: c.BaseEvery,
		Report: func(l backup.Look) { c.look(m, l) },
	}
	if !c.Once {
		return backupTrouble(repo.Follow(ctx, from, how))
	}
	look := repo.Look(ctx, from, how)
	if look.Err != nil && !c.JSON {
		return backupTrouble(look.Err)
	}
	return backupTrouble(errors.Join(c.look(m, look), look.Err))
}

// lookLine is what JSON has of a look.
type lookLine struct {
	Time     time.Time        `json:"time"`
	End      backup.Hex       `json:"end"`
	Segments []backup.Segment `json:"segments,omitempty"`
	Created  *backup.Created  `json:"created,omitempty"`
	Error    string           `json:"error,omitempty"`
}

// look tells of a look that came to something.
func (c *backupArchiveCommand) look(m *Main, l backup.Look) error {
	if c.JSON {
		line := lookLine{Time: time.Now().UTC(), End: backup.Hex(l.End), Segments: l.Segments,
			Created: l.Created}
		if l.Err != nil {
			line.Error = l.Err.Error()
		}
		p := m.printer(asJSON)
		return p.close(p.line(line, ""))
	}
	if l.Err != nil {
		fmt.Fprintf(m.Stderr, "zoo: archive: %v; trying again\n", l.Err)
		return nil
	}
	if l.Created != nil {
		m.created(*l.Created)
	}
	for _, s := range l.Segments {
		fmt.Fprintf(m.Stdout, "archived %v to %v, %d transactions, %d bytes\n",
			zoo.Zxid(s.First), zoo.Zxid(s.Last), s.Entries, s.Bytes)
	}
	return nil
}

type backupKeygenCommand struct {
	Output string `short:"o" placeholder:"file" help:"Write the identity to this new file, which only its owner can read, and print the public key."`
}

// Run makes an identity, in the form of age-keygen.
func (c *backupKeygenCommand) Run(m *Main) error {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return trouble{err}
	}
	file := fmt.Sprintf("# Keep this file where no backup is: it reads them all.\n"+
		"# public key: %s\n%s\n", identity.Recipient(), identity)
	if c.Output != "" {
		if err := writeSecret(c.Output, file); err != nil {
			return trouble{fmt.Errorf("--output: %w", err)}
		}
		file = identity.Recipient().String() + "\n"
	}
	fmt.Fprint(m.Stdout, file)
	if isTerminal(m.Stderr) {
		fmt.Fprintln(m.Stderr, "give the public key to zoo backup create and archive as "+
			"--recipient, and the file to verify and restore as --identity")
	}
	return nil
}

// writeSecret makes a file that only its owner can read. It overwrites none: backups may
// depend on what is there.
func writeSecret(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
