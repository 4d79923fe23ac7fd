package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"zoo/internal/config"
	"zoo/internal/shell"
)

// editor edits the lines of a shell: with a history, with completion, and with a prompt
// that comes back after what a watch prints.
type editor struct {
	*term.Terminal
	// raw hands each key over until it is undone.
	raw func() (undo func(), err error)
	// size is that of the terminal, in characters.
	size func() (width, height int, err error)
}

// twoWays is a terminal's two directions.
type twoWays struct {
	io.Reader
	io.Writer
}

// edit gives a shell whose input and output are a terminal an editor. One that reads no more
// than a command has no use for it.
func (m *Main) edit(ctx context.Context, s *shell.Shell) {
	if len(s.Command) > 0 || !isTerminal(os.Stdin) || !isTerminal(m.Stdout) {
		return
	}
	in, out := int(os.Stdin.Fd()), m.Stdout
	e := &editor{Terminal: term.NewTerminal(twoWays{os.Stdin, out}, ""),
		raw: func() (func(), error) {
			was, err := term.MakeRaw(in)
			return func() { _ = term.Restore(in, was) }, err
		},
		size: func() (int, int, error) { return term.GetSize(in) }}
	e.History = loadHistory()
	e.completes(ctx, s)
	s.Lines, s.Out = e, e
	if isTerminal(m.Stderr) {
		s.Err = e
	}
}

// completes has the tabulator complete commands, options and paths.
func (e *editor) completes(ctx context.Context, s *shell.Shell) {
	e.AutoCompleteCallback = func(line string, at int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		ctx, stop := context.WithTimeout(ctx, completionPatience)
		defer stop()
		begun := s.Extend(ctx, line[:at], e)
		return begun + line[at:], len(begun), true
	}
}

// ReadLine shows the prompt and lets a line be edited. While a command runs the terminal is
// as it was, so that an interrupt ends it.
func (e *editor) ReadLine(prompt string) (string, error) {
	undo, err := e.raw()
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	defer undo()
	if width, height, err := e.size(); err == nil && width > 0 && height > 0 {
		if err := e.SetSize(width, height); err != nil {
			return "", err
		}
	}
	e.SetPrompt(prompt)
	return e.Terminal.ReadLine()
}

// linesMax is how many lines a history keeps.
const linesMax = 1000

// history is what was typed, newest last, also in former shells. A history that cannot be
// read or written is kept in memory only.
type history struct {
	file  string
	lines []string
}

func loadHistory() *history {
	dir, err := config.StateDir()
	if err != nil {
		return &history{}
	}
	return readHistory(filepath.Join(dir, "shell_history"))
}

func readHistory(file string) *history {
	h := &history{file: file}
	text, err := os.ReadFile(file)
	if err != nil {
		return h
	}
	h.lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(h.lines) > 2*linesMax {
		h.lines = h.lines[len(h.lines)-linesMax:]
		if os.WriteFile(file, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600) != nil {
			h.file = ""
		}
	}
	return h
}

// Add keeps a line, but for those with passwords and those that only repeat.
func (h *history) Add(line string) {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	if word == "" || word == "addauth" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.file != "" && h.append(line) != nil {
		h.file = ""
	}
}

func (h *history) append(line string) error {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// Len is how many lines there are.
func (h *history) Len() int { return len(h.lines) }

// At is a line, the newest first.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
