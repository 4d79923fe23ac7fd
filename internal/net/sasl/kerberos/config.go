package kerberos

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Config are the settings of krb5.conf that a server needs. The first value of a
// setting counts, as with MIT's library.
type Config struct {
	// DefaultRealm is default_realm, or empty.
	DefaultRealm string
	// DefaultKeyTab is default_keytab_name, or empty.
	DefaultKeyTab string
	// ClockSkew is how far the clocks of a client and the server may differ,
	// clockskew; it is ClockSkewDefault if the file does not tell.
	ClockSkew time.Duration
}

// ClockSkewDefault is the usual tolerance, RFC 4120 section 1.6.
const ClockSkewDefault = 5 * time.Minute

// systemConfig is where systems keep krb5.conf.
const systemConfig = "/etc/krb5.conf"

// The bounds of what is read: files that include each other would never end.
const (
	configBytesMax = 1 << 20
	includeDepth   = 8
)

// Locate is where to look for krb5.conf: what java.security.krb5.conf says, else
// what KRB5_CONFIG says (a list with colons), else the place of the system.
func Locate(property, environment string) []string {
	if property != "" {
		return []string{property}
	}
	if environment != "" {
		return filepath.SplitList(environment)
	}
	return []string{systemConfig}
}

// Load reads the files in their order. Those that do not exist are left out;
// if none exists the error is fs.ErrNotExist beside a Config of defaults.
func Load(files ...string) (Config, error) {
	r := reader{config: Config{ClockSkew: ClockSkewDefault}, budget: configBytesMax}
	found := false
	for _, name := range files {
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := r.file(name, 0); err != nil {
			return r.config, err
		}
		found = true
	}
	if !found {
		return r.config, fmt.Errorf("krb5.conf: looked for %s: %w", strings.Join(files, ", "),
			fs.ErrNotExist)
	}
	return r.config, nil
}

// reader collects the settings of several files.
type reader struct {
	config Config
	// seen are the settings that have a value.
	seen map[string]bool
	// budget is how many bytes may still be read.
	budget int64
}

func (r *reader) file(name string, depth int) error {
	if depth > includeDepth {
		return fmt.Errorf("read %s: files include each other more than %d deep", name,
			includeDepth)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read krb5.conf: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, r.budget+1))
	if err != nil {
		return fmt.Errorf("read krb5.conf %s: %w", name, err)
	}
	if r.budget -= int64(len(text)); r.budget < 0 {
		return fmt.Errorf("read krb5.conf %s: more than %d bytes", name, configBytesMax)
	}
	return r.text(name, string(text), depth)
}

// text reads the lines of one file. Blocks in braces belong to other sections' kinds
// of settings, and are left out.
func (r *reader) text(name, text string, depth int) error {
	section, braces := "", 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		key, value, isSetting := strings.Cut(line, "=")
		var err error
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case strings.HasSuffix(line, "{"):
			braces++
		case strings.HasPrefix(line, "}"):
			braces = max(braces-1, 0)
		case line[0] == '[':
			section, braces = strings.Trim(line, "[]*"), 0
		case isSetting && section == "libdefaults" && braces == 0:
			err = r.set(strings.TrimSpace(key), strings.Trim(strings.TrimSpace(value), `"`))
		case !isSetting:
			err = r.include(line, depth)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
	}
	return nil
}

func (r *reader) set(key, value string) error {
	if r.seen[key] {
		return nil
	}
	switch key {
	case "default_realm":
		r.config.DefaultRealm = value
	case "default_keytab_name":
		r.config.DefaultKeyTab = value
	case "clockskew":
		seconds, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fmt.Errorf("clockskew %q: want a number of seconds", value)
		}
		r.config.ClockSkew = time.Duration(seconds) * time.Second
	default:
		return nil
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[key] = true
	return nil
}

// include follows "include FILE" and "includedir DIRECTORY". Of a directory those
// files count whose names are letters, digits, - and _, or end in .conf.
func (r *reader) include(line string, depth int) error {
	word, argument, _ := strings.Cut(line, " ")
	argument = strings.TrimSpace(argument)
	switch word {
	case "include":
		return r.file(argument, depth+1)
	case "includedir":
		entries, err := os.ReadDir(argument)
		if err != nil {
			return fmt.Errorf("includedir: %w", err)
		}
		for _, entry := range entries {
			if entry.IsDir() || !isConfigName(entry.Name()) {
				continue
			}
			if err := r.file(filepath.Join(argument, entry.Name()), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func isConfigName(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			c == '-' || c == '_'
	}
	return strings.HasSuffix(name, ".conf") ||
		strings.IndexFunc(name, func(c rune) bool { return !plain(c) }) < 0
}
