package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/txn"
)

// Server is the Source of a running server, through its admin port:
//
//	GET /commands/snapshot?streaming=true           as in Java's server since 3.9
//	GET /commands/log?after=0xZXID&wait=SECONDS     of this server only
//
// Both have the header last_zxid. The second gives a log stream of what is committed
// beyond the zxid, and answers 410 if it cannot know that to be all.
type Server struct {
	// URL is that of the admin port, http://host:8080; a path comes before /commands.
	URL *url.URL
	// Authorization is sent with every request: "digest user:password". It must have
	// all permissions on the root.
	Authorization string
	// Client may be nil.
	Client *http.Client
}

// commandsPath is what an admin port has its commands below.
const commandsPath = "/commands"

// ParseServer reads the address of an admin port: a URL. A path, such as a proxy's or the
// one that admin.commandURL begins with, stays in front of the commands.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Server{}, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Server{}, fmt.Errorf("%q: want http://HOST:PORT of an admin port", text)
	}
	if u.User != nil {
		return Server{}, fmt.Errorf("the URL of an admin port has no user: give an Authorization")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return Server{}, errors.New("the URL of an admin port has no query: give " +
			"http://HOST:PORT, and the path that comes before /commands if there is one")
	}
	prefix := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), commandsPath)
	return Server{URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: prefix}}, nil
}

// String is the URL.
func (s Server) String() string { return s.URL.String() }

// Bounds of what a server says of an error: how much is read, and how much is shown.
const (
	errorBytesMax = 16 << 10
	errorTextMax  = 300
)

// reason is what a body tells, in one line: the error in it, if it is JSON of the admin
// port, or else its text.
func reason(body []byte) string {
	var answer struct{ Error string }
	text := string(body)
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		text = answer.Error
	}
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(text[:min(len(text), errorTextMax)], "")
}

// AnswerError is an answer that is not what was asked for.
type AnswerError struct {
	URL    string
	Status int
	Text   string
}

// Error says what to do where that is known.
func (e *AnswerError) Error() string {
	text := fmt.Sprintf("%s: status %d: %s", e.URL, e.Status, e.Text)
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		text += "; give a scheme and an identity with all permissions on / with --auth-file"
	case http.StatusTooManyRequests:
		text += "; the server takes one at a time and a few in an interval: try again later"
	case http.StatusServiceUnavailable:
		text += "; the command may be off: see admin.snapshot.enabled"
	}
	return text
}

func (s Server) get(
	ctx context.Context, command string, query url.Values,
) (*http.Response, error) {
	u := *s.URL
	u.Path, u.RawQuery = strings.TrimRight(u.Path, "/")+commandsPath+"/"+command, query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if s.Authorization != "" {
		request.Header.Set("Authorization", s.Authorization)
	}
	ctx, idle := watch(ctx)
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request.WithContext(ctx))
	if err != nil {
		return nil, errors.Join(idle.explain(err), idle.Close())
	}
	idle.body = response.Body
	response.Body = idle
	if response.StatusCode == http.StatusOK && !isJSON(response) {
		return response, nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, errorBytesMax))
	failed := &AnswerError{u.Redacted(), response.StatusCode, reason(text)}
	return nil, errors.Join(failed, err, response.Body.Close())
}

// idleMax is how long a server may send nothing. Java's writes a whole snapshot to its
// disk before it sends the first byte.
const idleMax = 5 * time.Minute

// idleBody ends an exchange in which nothing moves any more: a machine that has gone
// says no goodbye, and an archive that waits for it would stand still unnoticed.
type idleBody struct {
	cancel context.CancelFunc
	timer  *time.Timer
	body   io.ReadCloser // nil until there is an answer
	fired  atomic.Bool
}

// watch begins to look after an exchange, which is to use the context.
func watch(ctx context.Context) (context.Context, *idleBody) {
	b := &idleBody{}
	ctx, b.cancel = context.WithCancel(ctx)
	b.timer = time.AfterFunc(idleMax, func() {
		b.fired.Store(true)
		b.cancel()
	})
	return ctx, b
}

// Read is that of the body.
func (b *idleBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.timer.Reset(idleMax)
	return n, b.explain(err)
}

func (b *idleBody) explain(err error) error {
	if err != nil && b.fired.Load() {
		return fmt.Errorf("nothing came for %v: %w", idleMax, err)
	}
	return err
}

// Close ends the exchange.
func (b *idleBody) Close() error {
	b.timer.Stop()
	b.cancel()
	if b.body == nil {
		return nil
	}
	return b.body.Close()
}

// isJSON tells an answer about the command from the answer itself: Java's server
// says with status 200 that it does not know one.
func isJSON(r *http.Response) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// Snapshot implements Source.
func (s Server) Snapshot(ctx context.Context) (Snapshot, error) {
	response, err := s.get(ctx, "snapshot", url.Values{"streaming": {"true"}})
	if err != nil {
		return Snapshot{}, err
	}
	z, err := ParseZxid(response.Header.Get("last_zxid"))
	if err != nil {
		return Snapshot{}, errors.Join(fmt.Errorf("%s: header last_zxid: %w", s, err),
			response.Body.Close())
	}
	size := max(response.ContentLength, 0)
	return Snapshot{ReadCloser: response.Body, Zxid: z, Size: size}, nil
}

// Log implements Source.
func (s Server) Log(ctx context.Context, ask Ask) (Log, error) {
	query := url.Values{"after": {ask.After.String()}}
	if seconds := int(ask.Wait / time.Second); seconds > 0 {
		query.Set("wait", strconv.Itoa(seconds))
	}
	response, err := s.get(ctx, "log", query)
	var answer *AnswerError
	switch {
	case errors.As(err, &answer) && answer.Status == http.StatusGone:
		return nil, fmt.Errorf("%w: %w", ErrGone, err)
	case errors.As(err, &answer) && unknownCommand(answer):
		return nil, fmt.Errorf("%w: %w", ErrNoLog, err)
	case err != nil:
		return nil, err
	}
	reader := newLogReader(s.String(), response.Body, zoo.ZxidNone)
	return &serverLog{reader, response.Body, ask.After}, nil
}

func unknownCommand(e *AnswerError) bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusOK
}

// serverLog is the answer to a question for the log.
type serverLog struct {
	*logReader
	body  io.Closer
	asked zoo.Zxid
}

// Next implements Log. An answer without a header is one without entries.
func (l *serverLog) Next() (txn.Entry, error) {
	if l.offset == 0 {
		if _, err := l.r.Peek(1); errors.Is(err, io.EOF) {
			return txn.Entry{}, io.EOF
		}
	}
	e, err := l.next()
	if err == nil && e.Zxid <= l.asked {
		return e, l.damaged("entries beyond "+l.asked.String(), e.Zxid.String())
	}
	return e, err
}

// Close implements Log.
func (l *serverLog) Close() error { return l.body.Close() }
