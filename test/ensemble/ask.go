package ensemble

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// askTimeout bounds one four-letter word: a server that has no role yet may keep
// the connection open.
const askTimeout = 2 * time.Second

// Ask sends a four-letter word to the server and returns its whole answer.
func (s *Server) Ask(ctx context.Context, word string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.Address())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, word); err != nil {
		return "", fmt.Errorf("ask server %d %s: %w", s.ID, word, err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return "", fmt.Errorf("ask server %d %s: %w", s.ID, word, err)
	}
	return string(answer), nil
}

// Mode is what srvr calls the server's role: leader, follower, observer or
// standalone. A server that does not serve yet gives an error.
func (s *Server) Mode(ctx context.Context) (string, error) {
	answer, err := s.Ask(ctx, "srvr")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(answer) {
		if mode, ok := strings.CutPrefix(line, "Mode: "); ok {
			return strings.TrimSpace(mode), nil
		}
	}
	return "", fmt.Errorf("server %d has no role: %.60q", s.ID, answer)
}

// Monitor is one figure of mntr, by its name with the zk_ in front.
func (s *Server) Monitor(ctx context.Context, name string) (value string, found bool, err error) {
	answer, err := s.Ask(ctx, "mntr")
	if err != nil {
		return "", false, err
	}
	for line := range strings.Lines(answer) {
		if value, ok := strings.CutPrefix(line, name+"\t"); ok {
			return strings.TrimSpace(value), true, nil
		}
	}
	return "", false, nil
}

// Operate gives the server of an ensemble with Options.Operated a command of an operator, such
// as member_drain, as somebody who has authenticated, which is enough with the usual ACL of the
// root. What the server has against it is the error.
func (s *Server) Operate(ctx context.Context, command string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		s.AdminURL()+"/commands/"+command, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "digest u:p")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("server %d: %s: %s", s.ID, response.Status, text)
	}
	return err
}
