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
	"strings"
)

// adminPort is the admin port of one server, and who asks there.
type adminPort struct {
	// base is the URL without a path, such as http://127.0.0.1:8080.
	base string
	// authFile has what goes into the header Authorization; empty for none.
	authFile string
	// trust is how HTTPS is spoken.
	trust *trustFlags
}

// answerBytesMax is more than any answer that is read here has.
const answerBytesMax = 64 << 10

// ask has a command carried out, and decodes its answer. An error that the server answers
// is given as it is.
func (p adminPort) ask(ctx context.Context, method, command string, query url.Values, into any,
) error {
	request, err := p.request(ctx, method, command, query)
	if err != nil {
		return err
	}
	client, err := p.trust.client()
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the admin port: %w", advised(err))
	}
	defer response.Body.Close()
	var failure struct{ Error string }
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err != nil {
		return fmt.Errorf("%s: %w", request.URL, err)
	}
	decoded := json.Unmarshal(body, &failure)
	switch {
	case response.StatusCode == http.StatusUnauthorized,
		response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%s refuses: %s; give an identity with all permissions on / with "+
			"--auth-file, or a certificate with --cert", request.URL, response.Status)
	case failure.Error != "":
		return errors.New(failure.Error)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s; is it zoo's?", request.URL, response.Status)
	case decoded == nil:
		decoded = json.Unmarshal(body, into)
	}
	if decoded != nil {
		return fmt.Errorf("%s answers no JSON; is it an admin port? %w", request.URL, decoded)
	}
	return nil
}

func (p adminPort) request(ctx context.Context, method, command string, query url.Values,
) (*http.Request, error) {
	base, err := url.Parse(p.base)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("--admin %q: want a URL, such as http://127.0.0.1:8080", p.base)
	}
	u := base.JoinPath("commands", command)
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil || p.authFile == "" {
		return request, err
	}
	text, err := os.ReadFile(p.authFile)
	if err != nil {
		return nil, fmt.Errorf("--auth-file: %w", err)
	}
	request.Header.Set("Authorization", strings.TrimSpace(string(text)))
	return request, nil
}
