package kerberos

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"zoo/internal/core/acl/principal"
)

// Rules are auth_to_local rules in their order. They are immutable.
//
//	DEFAULT                                 the service of a name in the default realm
//	RULE:[n:format](match)s/from/to/g/L     for names of n parts before the realm
//
// The format makes a text of the name's parts ($0 is the realm), the text must match
// as a whole, the substitution changes its first match, or every one (g), and L makes
// it lower case. All but the bracket may be missing. The result must hold no / and
// no @. Java's ZooKeeper has no L; Hadoop's rules, which are written alike, do.
type Rules []rule

type rule struct {
	text string
	// isDefault is DEFAULT; then nothing else is set.
	isDefault bool
	parts     int
	format    []piece
	match     *regexp.Regexp
	from      *regexp.Regexp
	to        []piece
	every     bool
	lower     bool
}

// piece is a literal text, or if that is empty the part or group of an index.
type piece struct {
	literal string
	index   int
}

// ruleSyntax is one rule at the beginning of a text.
var ruleSyntax = regexp.MustCompile(`^(?:(DEFAULT)|RULE:\[(\d*):([^\]]*)\]` +
	`(\(([^)]*)\))?(s/([^/]*)/([^/]*)/(g)?)?(/?L)?)`)

// The groups of ruleSyntax.
const (
	groupDefault = iota + 1
	groupParts
	groupFormat
	groupHasMatch
	groupMatch
	groupHasSubstitution
	groupFrom
	groupTo
	groupEvery
	groupLower
)

// space is what may stand between rules.
const space = " \t\n\v\f\r"

// ruleBytesMax bounds the text of all rules, which a configuration holds.
const ruleBytesMax = 64 << 10

// ParseRules reads rules with or without space between them. No text, no rules:
// then only names without host and realm have a short name.
func ParseRules(text string) (Rules, error) {
	if len(text) > ruleBytesMax {
		return nil, fmt.Errorf("auth_to_local: %d bytes are more than the %d that are read",
			len(text), ruleBytesMax)
	}
	var rules Rules
	for rest := strings.Trim(text, space); rest != ""; rest = strings.TrimLeft(rest, space) {
		groups := ruleSyntax.FindStringSubmatch(rest)
		if groups == nil {
			return nil, fmt.Errorf("auth_to_local: no rule at %q: want DEFAULT or "+
				"RULE:[n:format](match)s/from/to/g", rest)
		}
		r, err := newRule(groups)
		if err != nil {
			return nil, fmt.Errorf("auth_to_local: rule %q: %w", groups[0], err)
		}
		rules = append(rules, r)
		rest = rest[len(groups[0]):]
	}
	return rules, nil
}

func newRule(groups []string) (rule, error) {
	r := rule{text: groups[0], isDefault: groups[groupDefault] != ""}
	if r.isDefault {
		return r, nil
	}
	var err error
	if r.parts, err = strconv.Atoi(groups[groupParts]); err != nil {
		return r, fmt.Errorf("the number of parts %q is no number", groups[groupParts])
	}
	if r.format, err = parseFormat(groups[groupFormat], r.parts); err != nil {
		return r, err
	}
	if groups[groupHasMatch] != "" {
		if r.match, err = compile(groups[groupMatch], `\A(?:`, `)\z`); err != nil {
			return r, err
		}
	}
	if groups[groupHasSubstitution] != "" {
		if r.from, err = compile(groups[groupFrom], "", ""); err != nil {
			return r, err
		}
		if r.to, err = parseReplacement(groups[groupTo], r.from); err != nil {
			return r, err
		}
	}
	r.every, r.lower = groups[groupEvery] != "", groups[groupLower] != ""
	return r, nil
}

// compile wants the expression to be one by itself, before anything is put around it.
func compile(text, before, after string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(text); err != nil {
		return nil, fmt.Errorf("%w; look-around and back references are not known here", err)
	}
	return regexp.Compile(before + text + after)
}

// parseFormat reads a text with $0 for the realm and $1 up to $n for the parts.
func parseFormat(text string, parts int) ([]piece, error) {
	literal, rest, found := strings.Cut(text, "$")
	pieces := appendLiteral(nil, literal)
	for found {
		digits := leadingDigits(rest)
		n, err := strconv.Atoi(digits)
		if err != nil || n > parts {
			return nil, fmt.Errorf("$%s in the format %q: want $0 to $%d", digits, text, parts)
		}
		pieces = append(pieces, piece{index: n})
		literal, rest, found = strings.Cut(rest[len(digits):], "$")
		pieces = appendLiteral(pieces, literal)
	}
	return pieces, nil
}

func leadingDigits(text string) string {
	end := strings.IndexFunc(text, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		return text
	}
	return text[:end]
}

func appendLiteral(pieces []piece, literal string) []piece {
	if literal == "" {
		return pieces
	}
	return append(pieces, piece{literal: literal})
}

// parseReplacement reads what Java's Matcher.replaceAll takes: a backslash makes the
// next character a letter, $n and ${name} are groups. Digits belong to $n only as
// long as there are so many groups.
func parseReplacement(text string, from *regexp.Regexp) ([]piece, error) {
	var pieces []piece
	for text != "" {
		special := strings.IndexAny(text, `\$`)
		if special < 0 {
			return appendLiteral(pieces, text), nil
		}
		pieces = appendLiteral(pieces, text[:special])
		sign, rest := text[special], text[special+1:]
		if rest == "" {
			return nil, fmt.Errorf("the replacement ends in %q, which stands for nothing",
				sign)
		}
		if sign == '\\' {
			pieces = appendLiteral(pieces, rest[:1])
			text = rest[1:]
			continue
		}
		index, size := groupReference(rest, from)
		if index < 0 {
			return nil, fmt.Errorf("the replacement's $%s is no group of %q", rest, from)
		}
		pieces = append(pieces, piece{index: index})
		text = rest[size:]
	}
	return pieces, nil
}

// groupReference is the group at the beginning of a text and the length of its name,
// or -1.
func groupReference(text string, from *regexp.Regexp) (index, size int) {
	if name, _, ok := strings.Cut(text, "}"); ok && strings.HasPrefix(name, "{") && name != "{" {
		return from.SubexpIndex(name[1:]), len(name) + 1
	}
	index = -1
	for size < len(text) && text[size] >= '0' && text[size] <= '9' {
		next := max(index, 0)*10 + int(text[size]-'0')
		if next > from.NumSubexp() {
			break
		}
		index, size = next, size+1
	}
	return index, size
}

// ShortName is the name that the first rule which applies gives, or an error that
// tells why there is none. A name without host and realm is short already.
func (rules Rules) ShortName(name principal.Name, defaultRealm string) (string, error) {
	if !name.HasHost && !name.HasRealm {
		return name.Service, nil
	}
	parts := []string{name.Realm, name.Service}
	if name.HasHost {
		parts = append(parts, name.Host)
	}
	for _, r := range rules {
		short, applies := r.apply(parts, defaultRealm)
		if !applies {
			continue
		}
		if strings.ContainsAny(short, "/@") {
			return "", fmt.Errorf("auth_to_local: rule %q makes %.64q of %.64q, which is not "+
				"short",
				r.text, short, name)
		}
		return short, nil
	}
	return "", fmt.Errorf("auth_to_local: no rule applies to %.64q, default realm %q", name,
		defaultRealm)
}

func (r rule) apply(parts []string, defaultRealm string) (string, bool) {
	if r.isDefault {
		return parts[1], parts[0] == defaultRealm
	}
	if len(parts)-1 != r.parts {
		return "", false
	}
	text := expand(nil, r.format, func(i int) string { return parts[i] })
	if r.match != nil && !r.match.Match(text) {
		return "", false
	}
	if r.from != nil {
		text = r.substitute(text)
	}
	if r.lower {
		return strings.ToLower(string(text)), true
	}
	return string(text), true
}

func (r rule) substitute(text []byte) []byte {
	count := 1
	if r.every {
		count = -1
	}
	var result []byte
	end := 0
	for _, at := range r.from.FindAllSubmatchIndex(text, count) {
		result = append(result, text[end:at[0]]...)
		result = expand(result, r.to, func(group int) string {
			if at[2*group] < 0 {
				return ""
			}
			return string(text[at[2*group]:at[2*group+1]])
		})
		end = at[1]
	}
	return append(result, text[end:]...)
}

func expand(to []byte, pieces []piece, value func(index int) string) []byte {
	for _, p := range pieces {
		if p.literal != "" {
			to = append(to, p.literal...)
			continue
		}
		to = append(to, value(p.index)...)
	}
	return to
}
