package shell

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"zoo"
	"zoo/client"
)

// candidatesMax bounds how many words are offered.
const candidatesMax = 200

// CompleteVerb gives the words that can stand in the place of the last one of a verb's
// arguments. What is not known, and what could not be asked, is none.
func CompleteVerb(ctx context.Context, s *Shell, name string, words []string) []string {
	c, ok := find(name)
	if !ok || len(words) == 0 {
		return nil
	}
	last := words[len(words)-1]
	options := slices.Concat(c.options, formOptions(), onceOptions())
	switch {
	case len(words) > 1 && takesValue(words[len(words)-2], options):
		return nil
	case strings.HasPrefix(last, "-"):
		return withPrefix(optionWords(options), last)
	case last != "" && last[0] != '/':
		return nil
	}
	server := s.Server
	for i, word := range words[:len(words)-1] {
		if word == "--server" {
			server = words[i+1]
		}
	}
	s.single, s.quiet = true, true
	if s.connect(ctx, server) != nil {
		return nil
	}
	if s.client.WaitConnected(ctx) != nil {
		s.abandon()
		return nil
	}
	all := s.completePath(ctx, last)
	if s.leave(ctx) != nil {
		return nil
	}
	return all
}

// Complete gives the words that can stand in the place of the last one of a line.
func (s *Shell) Complete(ctx context.Context, line string) []string {
	all := words(line)
	if line == "" || strings.HasSuffix(line, " ") {
		all = append(all, "")
	}
	last := all[len(all)-1]
	if len(all) == 1 {
		return withPrefix(s.names(), last)
	}
	c, ok := find(all[0])
	switch {
	case !ok:
		return nil
	case strings.HasPrefix(last, "-"):
		return withPrefix(optionWords(slices.Concat(c.options, formOptions())), last)
	case strings.HasPrefix(last, "/"), last == "" && !takesValue(all[len(all)-2], c.options):
		return s.completePath(ctx, last)
	}
	return nil
}

// names are those of all commands.
func (s *Shell) names() []string {
	var names []string
	for name := range ownForms {
		names = append(names, name)
	}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	return names
}

func takesValue(word string, options []option) bool {
	return slices.ContainsFunc(options, func(o option) bool {
		return o.value && word == "-"+o.name
	})
}

func optionWords(options []option) []string {
	var all []string
	for _, o := range options {
		all = append(all, "-"+o.name)
	}
	return all
}

func withPrefix(all []string, prefix string) []string {
	return slices.DeleteFunc(all, func(word string) bool {
		return !strings.HasPrefix(word, prefix)
	})
}

// completePath gives the paths that begin with a text, one level down at most.
func (s *Shell) completePath(ctx context.Context, text string) []string {
	if text == "" {
		text = "/"
	}
	at := strings.LastIndexByte(text, '/')
	parent, prefix := text[:max(at, 1)], text[at+1:]
	if checkPath(parent) != nil {
		return nil
	}
	var all []string
	if prefix != "" {
		if _, err := s.client.Exists(ctx, text, nil); err == nil {
			all = append(all, text)
		}
	}
	names, _, _, err := s.page(ctx, parent, client.Page{After: prefix, Limit: candidatesMax})
	if err != nil && !errors.Is(err, zoo.CodeNoNode) {
		return all
	}
	for _, name := range names {
		if strings.HasPrefix(name, prefix) && len(all) < candidatesMax {
			all = append(all, below(parent, name))
		}
	}
	return all
}

// common is what all words begin with.
func common(all []string) string {
	if len(all) == 0 {
		return ""
	}
	prefix := all[0]
	for _, word := range all[1:] {
		for !strings.HasPrefix(word, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return strings.ToValidUTF8(prefix, "")
}

// Extend completes the last word of a line as far as that is certain. Where it is not the
// choices are written to out.
func (s *Shell) Extend(ctx context.Context, line string, out io.Writer) string {
	choices := s.Complete(ctx, line)
	if len(choices) == 0 {
		return line
	}
	word := ""
	if all := words(line); !strings.HasSuffix(line, " ") && len(all) > 0 {
		word = all[len(all)-1]
	}
	if !strings.HasSuffix(line, word) {
		return line // It stands in quotes.
	}
	whole := common(choices)
	line = strings.TrimSuffix(line, word) + whole
	switch {
	case len(choices) == 1 && whole[0] != '/':
		return line + " "
	case len(choices) > 1 && whole == word:
		for i, choice := range choices {
			choices[i] = shown(choice)
		}
		_, _ = io.WriteString(out, strings.Join(choices, "  ")+"\n")
	}
	return line
}
