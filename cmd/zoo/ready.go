package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// readyTimeout bounds what one server may take to say whether it is ready.
const readyTimeout = 3 * time.Second

// ready asks each server in turn whether it serves what the ensemble has committed.
func (c *statusCommand) ready(ctx context.Context, m *Main) error {
	var errs []error
	all := true
	for _, address := range c.Servers {
		text, ready, err := c.readiness(ctx, address)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address, err))
			continue
		}
		fmt.Fprint(m.Stdout, text)
		all = all && ready
	}
	if len(errs) == 0 && !all {
		return errSilent
	}
	return errors.Join(errs...)
}

// readiness is what the admin port of a server answers to /readyz.
func (c *statusCommand) readiness(ctx context.Context, address string,
) (text string, ready bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	client, err := c.client()
	if err != nil {
		return "", false, err
	}
	base, err := c.adminOf(ctx, address)
	if err != nil {
		return "", false, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return "", false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", false, advised(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	switch response.StatusCode {
	case http.StatusOK, http.StatusServiceUnavailable:
		return string(body), response.StatusCode == http.StatusOK, err
	}
	return "", false, fmt.Errorf("%s: %s; is it zoo's?", request.URL, response.Status)
}
