package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"zoo/internal/ops/command"
)

// adminCommand asks a server what its table of commands has.
type adminCommand struct {
	Server   string        `short:"s" xor:"where" placeholder:"host:port" help:"Where the server takes clients: it is asked for its admin port."`
	Admin    string        `xor:"where" placeholder:"http://host:8080" help:"The admin port of the server. Without either: http://127.0.0.1:8080."`
	AuthFile string        `placeholder:"file" help:"A file with what the server is told in the header Authorization, such as: Bearer TOKEN, or digest super:secret."`
	In       string        `placeholder:"file" help:"A file that is the body, for restore."`
	Out      string        `placeholder:"file" help:"Where the answer goes instead of the output: a new file."`
	Timeout  time.Duration `default:"0s" help:"How long it may take; 0 for as long as it does."`
	JSON     bool          `name:"json" help:"Without a command: the list as JSON."`
	Command  string        `arg:"" optional:"" name:"command" help:"The command. Nothing: the list of what there is."`
	Query    []string      `arg:"" optional:"" name:"name=value" help:"What the command is to know, such as limit=10."`
	trustFlags
}

// adminDefault is where a server's admin port is unless it is told otherwise.
const adminDefault = "http://127.0.0.1:8080"

// Run has the command carried out, and prints what the server answers.
func (c *adminCommand) Run(ctx context.Context, m *Main) error {
	if c.Command == "" {
		return c.list(m)
	}
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	query, err := pairs(c.Query)
	if err == nil && c.Server != "" {
		c.Admin, err = c.adminOf(ctx, c.Server)
	}
	if err != nil {
		return err
	}
	response, err := c.send(ctx, query)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return c.print(m, response)
}

// send asks the server.
func (c *adminCommand) send(ctx context.Context, query url.Values) (*http.Response, error) {
	// A command that this program does not know may be one of a newer server.
	method := http.MethodGet
	if known := command.Find(c.Command); known != nil {
		method = known.Method
	}
	port := adminPort{base: cmp.Or(c.Admin, adminDefault), authFile: c.AuthFile}
	request, err := port.request(ctx, method, c.Command, query)
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	if c.In != "" {
		if err := attach(request, c.In); err != nil {
			return nil, err
		}
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask the admin port: %w", advised(err))
	}
	return response, nil
}

// attach makes a file the body of a request, which closes it.
func attach(request *http.Request, name string) error {
	body, err := os.Open(name)
	if err != nil {
		return err
	}
	info, err := body.Stat()
	if err != nil {
		return errors.Join(err, body.Close())
	}
	request.Body, request.ContentLength = body, info.Size()
	return nil
}

// jsonType is what answers are that are no stream.
const jsonType = "application/json"

// print shows an answer, or says what it was refused with.
func (c *adminCommand) print(m *Main, response *http.Response) error {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), jsonType) {
		if response.StatusCode != http.StatusOK {
			text, _ := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
			return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
		}
		return c.keep(m, response.Body)
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var failure struct{ Error string }
	if err := json.Unmarshal(answer, &failure); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	if failure.Error != "" || response.StatusCode != http.StatusOK {
		return errors.New(cmp.Or(failure.Error, response.Status))
	}
	return c.keep(m, strings.NewReader(string(answer)))
}

// keep writes an answer to where it is wanted. A file that is not whole does not stay.
func (c *adminCommand) keep(m *Main, answer io.Reader) error {
	if c.Out == "" {
		_, err := io.Copy(m.Stdout, answer)
		return err
	}
	file, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, answer)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(c.Out))
	}
	return nil
}

// pairs reads name=value.
func pairs(list []string) (url.Values, error) {
	query := url.Values{}
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q: want name=value", text)
		}
		query.Set(name, value)
	}
	return query, nil
}

// list shows what this program knows of.
func (c *adminCommand) list(m *Main) error {
	if c.JSON {
		return printJSON(m, command.Served())
	}
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	for _, row := range command.Served() {
		fmt.Fprintf(t, "%s\t%s\n", row.Name, row.Help)
		for _, p := range row.Parameters {
			fmt.Fprintf(t, "  %s=\t  %s\n", p.Name, p.Help)
		}
	}
	return t.Flush()
}
