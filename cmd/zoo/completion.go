package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"zoo/internal/shell"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// completionScripts ask zoo itself what can stand at the end of the line, so that a script
// fits whatever version of zoo is installed, and knows the znodes of a server.
var completionScripts = map[string]string{
	"bash": `# bash: eval "$(zoo completion bash)" in ~/.bashrc, or save this as
# /usr/share/bash-completion/completions/zoo
_zoo() {
    local IFS=$'\n'
    COMPREPLY=($(zoo complete "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
    if [[ ${COMPREPLY[0]} == /* ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -F _zoo zoo
`,
	"zsh": `#compdef zoo
# zsh: save this as _zoo in a directory of $fpath, or source <(zoo completion zsh)
_zoo() {
    local -a words_offered
    words_offered=("${(@f)$(zoo complete "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -z $words_offered[1] ]]; then
        _files
    elif [[ $words_offered[1] == /* ]]; then
        compadd -S '' -- $words_offered
    else
        compadd -- $words_offered
    fi
}
if [[ $funcstack[1] == _zoo ]]; then
    _zoo "$@"
else
    compdef _zoo zoo
fi
`,
	"fish": `# fish: save this as ~/.config/fish/completions/zoo.fish
complete -c zoo -a '(zoo complete (commandline -cp) 2>/dev/null)'
`,
}

// Run prints the script.
func (c *completionCommand) Run(m *Main) error {
	_, err := fmt.Fprint(m.Stdout, completionScripts[c.Shell])
	return err
}

type completeCommand struct {
	Line []string `arg:"" optional:""`
}

// completionPatience is how long somebody who presses a key waits for a server.
const completionPatience = 2 * time.Second

// Run prints the candidates for the last word of the line, one a line.
func (c *completeCommand) Run(ctx context.Context, m *Main) error {
	line := strings.Join(c.Line, " ")
	words := strings.Fields(line)
	if line == "" || strings.HasSuffix(line, " ") {
		words = append(words, "")
	}
	if len(words) < 2 { // The first one is zoo.
		return nil
	}
	parser, err := m.parser(ctx, func(int) {})
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, completionPatience)
	defer stop()
	for _, word := range candidates(ctx, parser.Model.Node, ensembleFirst(words[1:])) {
		if _, err := fmt.Fprintln(m.Stdout, word); err != nil {
			return err
		}
	}
	return nil
}

// candidates goes down the commands as far as the words do.
func candidates(ctx context.Context, node *kong.Node, words []string) []string {
	last := words[len(words)-1]
	before := ""
	for i, word := range words[:len(words)-1] {
		before = word
		next := childOf(node, word)
		if next == nil {
			continue
		}
		node, before = next, ""
		if name, ok := verbOf(node); ok {
			return verbCandidates(ctx, name, words[i+1:])
		}
	}
	var all []string
	switch {
	case enumOf(node, before) != "":
		all = strings.Split(enumOf(node, before), ",")
	case strings.HasPrefix(last, "-"):
		for _, group := range flagsOf(node) {
			for _, flag := range group {
				all = append(all, "--"+flag.Name)
			}
		}
	default:
		all = namesBelow(node)
	}
	all = slices.DeleteFunc(all, func(word string) bool { return !strings.HasPrefix(word, last) })
	slices.Sort(all)
	return all
}

// flagsOf are those that may be given to a command: also those of the one below it whose word
// may be left out.
func flagsOf(node *kong.Node) [][]*kong.Flag {
	if node.DefaultCmd != nil {
		node = node.DefaultCmd
	}
	return node.AllFlags(true)
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// namesBelow are the sub-commands of one, or the values of its argument.
func namesBelow(node *kong.Node) []string {
	var all []string
	for _, child := range node.Children {
		if !child.Hidden {
			all = append(all, child.Name)
		}
	}
	if len(node.Positional) > 0 && node.Positional[0].Enum != "" {
		all = strings.Split(node.Positional[0].Enum, ",")
	}
	return all
}

// enumOf are the values of the flag before the last word, with commas.
func enumOf(node *kong.Node, before string) string {
	for _, group := range flagsOf(node) {
		for _, flag := range group {
			if before == "--"+flag.Name {
				return flag.Enum
			}
		}
	}
	return ""
}

// verbOf is the name of a command on znodes.
func verbOf(node *kong.Node) (string, bool) {
	switch command := node.Target.Addr().Interface().(type) {
	case *verbCommand:
		return command.Name, true
	case *ensembleCommand:
		return "config", true
	}
	return "", false
}

// verbCandidates asks the server that the command would ask.
func verbCandidates(ctx context.Context, name string, words []string) []string {
	s := &shell.Shell{Arguments: shell.Arguments{Timeout: completionPatience,
		Server: cmp.Or(os.Getenv(serverVariable), serverDefault)}}
	return shell.CompleteVerb(ctx, s, name, words)
}
