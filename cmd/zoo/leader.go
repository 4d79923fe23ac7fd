package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// leaderCommand is about who leads an ensemble.
type leaderCommand struct {
	Transfer leaderTransferCommand `cmd:"" help:"Have the leader hand over to another server."`
}

type leaderTransferCommand struct {
	Admin    string        `required:"" placeholder:"http://host:8080" help:"The admin port of the leader."`
	To       int64         `placeholder:"id" help:"Who is to lead. Without, the voter that is most in sync."`
	AuthFile string        `placeholder:"file" help:"A file with what the leader is told in the header Authorization, such as: digest super:secret."`
	Timeout  time.Duration `default:"30s" help:"How long it may take."`
}

// answerBytesMax is more than any answer about a transfer has.
const answerBytesMax = 64 << 10

// Run asks the leader, and tells who leads then.
func (c *leaderTransferCommand) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	request, err := c.request(ctx)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the leader: %w", err)
	}
	defer response.Body.Close()
	var answer struct {
		Leader int64
		Error  string
	}
	body := io.LimitReader(response.Body, answerBytesMax)
	if err := json.NewDecoder(body).Decode(&answer); err != nil && response.StatusCode < 300 {
		return fmt.Errorf("%s answers no JSON; is it an admin port? %w", request.URL, err)
	}
	switch {
	case response.StatusCode == http.StatusUnauthorized,
		response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s refuses: %s; give an identity with all permissions on / with "+
			"--auth-file", request.URL, response.Status)
	case answer.Error != "":
		return errors.New(answer.Error)
	case response.StatusCode != http.StatusOK || answer.Leader == 0:
		return fmt.Errorf("%s: %s; is it zoo's?", request.URL, response.Status)
	}
	fmt.Fprintf(m.Stdout, "server %d leads\n", answer.Leader)
	return nil
}

func (c *leaderTransferCommand) request(ctx context.Context) (*http.Request, error) {
	base, err := url.Parse(c.Admin)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("--admin %q: want a URL, such as http://127.0.0.1:8080", c.Admin)
	}
	u := base.JoinPath("commands", "leader_transfer")
	if c.To != 0 {
		u.RawQuery = url.Values{"to": {strconv.FormatInt(c.To, 10)}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), nil)
	if err != nil || c.AuthFile == "" {
		return request, err
	}
	text, err := os.ReadFile(c.AuthFile)
	if err != nil {
		return nil, fmt.Errorf("--auth-file: %w", err)
	}
	request.Header.Set("Authorization", strings.TrimSpace(string(text)))
	return request, nil
}
