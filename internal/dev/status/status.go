package status

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"time"

	"zoo"
)

// answerBytesMax bounds what one word may answer.
const answerBytesMax = 4 << 20

// askTimeout bounds one question when ctx does not.
const askTimeout = 3 * time.Second

// ErrNotServing is the answer of a server that has no role yet.
var ErrNotServing = errors.New("not currently serving requests")

// Dialer opens a connection: a net.Dialer, or a tls.Dialer for a secure port.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Ask sends one four-letter word and returns the whole answer.
func Ask(ctx context.Context, address, word string) (string, error) {
	return AskVia(ctx, &net.Dialer{}, address, word)
}

// AskVia is Ask over a connection of the dialer's.
func AskVia(ctx context.Context, dialer Dialer, address, word string) (string, error) {
	return askWithin(ctx, askTimeout, dialer, address, word)
}

func askWithin(ctx context.Context, limit time.Duration, dialer Dialer, address, word string,
) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(conn, word); err != nil {
		return "", fmt.Errorf("ask %s for %s: %w", address, word, err)
	}
	answer, err := io.ReadAll(io.LimitReader(conn, answerBytesMax))
	if err != nil && len(answer) == 0 {
		return "", fmt.Errorf("ask %s for %s: %w", address, word, err)
	}
	text := string(answer)
	switch {
	case strings.Contains(text, "not currently serving requests"):
		return "", ErrNotServing
	case strings.Contains(text, "is not executed because it is not in the whitelist"):
		return "", fmt.Errorf("%s is not in the server's 4lw.commands.whitelist", word)
	}
	return text, nil
}

// Server is what one server says about itself.
type Server struct {
	Address     string    `json:"address"`
	Error       string    `json:"error,omitempty"`
	Version     string    `json:"version,omitempty"`
	Role        string    `json:"role,omitempty"`
	Zxid        zoo.Zxid  `json:"-"`
	ZxidText    string    `json:"zxid,omitempty"`
	Epoch       zoo.Epoch `json:"epoch"`
	Connections int64     `json:"connections"`
	Outstanding int64     `json:"outstanding"`
	Nodes       int64     `json:"nodes"`
	// Sessions is -1 where mntr does not tell.
	Sessions   int64   `json:"sessions"`
	LatencyMin float64 `json:"latency_min_ms"`
	LatencyAvg float64 `json:"latency_avg_ms"`
	LatencyMax float64 `json:"latency_max_ms"`
	// Received counts the packets of clients since the start, or the last srst.
	Received int64 `json:"received"`
	// RequestsTimed counts the requests whose times, in milliseconds, are in RequestsTime;
	// 0 where mntr does not tell.
	RequestsTimed float64 `json:"-"`
	RequestsTime  float64 `json:"-"`
	// Drained says that it takes no new clients.
	Drained bool `json:"drained,omitempty"`
}

// State is the role, and whether the server is drained.
func (s *Server) State() string {
	if s.Drained {
		return s.Role + ", drained"
	}
	return s.Role
}

// Query asks one server for srvr and, where it is allowed, mntr. What keeps it from
// answering is in Error; the rest is then empty.
func Query(ctx context.Context, address string) Server {
	s := Server{Address: address, Sessions: -1}
	text, err := Ask(ctx, address, "srvr")
	if err == nil {
		err = s.parseSrvr(text)
	}
	if err != nil {
		s.Error = err.Error()
		return s
	}
	// mntr is not always allowed, and adds little.
	if text, err := Ask(ctx, address, "mntr"); err == nil {
		s.parseMntr(text)
	}
	return s
}

// ReadSrvr reads an answer to srvr.
func ReadSrvr(text string) (Server, error) {
	s := Server{Sessions: -1}
	err := s.parseSrvr(text)
	return s, err
}

// parseSrvr reads lines of the form "Name: value".
func (s *Server) parseSrvr(text string) error {
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		switch name {
		case "Zookeeper version":
			s.Version, _, _ = strings.Cut(value, ", built on")
		case "Latency min/avg/max":
			parts := append(strings.Split(value, "/"), "", "", "")
			s.LatencyMin, s.LatencyAvg, s.LatencyMax =
				decimal(parts[0]), decimal(parts[1]), decimal(parts[2])
		case "Connections":
			s.Connections = whole(value)
		case "Received":
			s.Received = whole(value)
		case "Outstanding":
			s.Outstanding = whole(value)
		case "Zxid":
			s.ZxidText = value
			s.Zxid = zoo.Zxid(whole(value))
			s.Epoch = s.Zxid.Epoch()
		case "Mode":
			s.Role = value
		case "Node count":
			s.Nodes = whole(value)
		}
	}
	if s.Role == "" {
		return errors.New("the answer to srvr has no Mode line")
	}
	return nil
}

func (s *Server) parseMntr(text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		switch name {
		case "zk_global_sessions":
			s.Sessions = int64(decimal(value))
		case "zk_cnt_readlatency", "zk_cnt_updatelatency":
			s.RequestsTimed += decimal(value)
		case "zk_sum_readlatency", "zk_sum_updatelatency":
			s.RequestsTime += decimal(value)
		case "zk_drained":
			s.Drained = decimal(value) == 1
		}
	}
}

// whole and decimal read a number, 0 when it is none: a display must not fail
// because one figure of it is odd.
func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

func decimal(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	return n
}

// Stage is one step of a server's start-up. Times are milliseconds.
type Stage struct {
	Name     string  `json:"stage"`
	Start    float64 `json:"start_ms"`
	Duration float64 `json:"duration_ms"`
	Detail   string  `json:"detail,omitempty"`
}

// Startup asks one server for its start-up timeline, lines of
//
//	<stage>\t<start ms>\t<duration ms>\t<detail>
func Startup(ctx context.Context, address string) ([]Stage, error) {
	text, err := Ask(ctx, address, "strt")
	if err != nil {
		return nil, err
	}
	stages := parseStages(text)
	if len(stages) == 0 {
		return nil, fmt.Errorf("%s does not tell its start-up", address)
	}
	return stages, nil
}

func parseStages(text string) []Stage {
	var stages []Stage
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(line, "\r\n"), "\t", 4)
		if len(fields) < 3 {
			continue
		}
		stage := Stage{Name: fields[0], Start: decimal(fields[1]), Duration: decimal(fields[2])}
		if len(fields) == 4 {
			stage.Detail = fields[3]
		}
		stages = append(stages, stage)
	}
	return stages
}
