package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The plot: a file has a password, others of names that nobody knows, one of them misspelt,
// and one in a comment; the command line has a secret as well. What operators may read has
// none of them.
func TestWhatWasGivenIsToldWithoutItsSecrets(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "zoo.cfg")
	text := "# ssl.keyStore.password=hidden1\ndataDir=" + filepath.ToSlash(dir) +
		"\nclientPort=2181\nssl.keyStore.password=hidden2\nmy.vault.password=hidden3\n" +
		"my.vault.token=hidden5\nDigestAuthenticationProvider.superDigst=super:hidden6\n" +
		"my.vault.tokenFile=/shown\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := Load(Source{Args: []string{file}, Properties: []string{
		"zookeeper.DigestAuthenticationProvider.superDigest=super:hidden4"}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range c.Given {
		fmt.Fprintf(&b, "%s=%s\n", l.Name, l.Value)
	}
	got := b.String()
	if strings.Contains(got, "hidden") || strings.Count(got, masked) != 5 ||
		!strings.Contains(got, "clientPort=2181\n") || !strings.Contains(got, "=/shown\n") {
		t.Errorf("told is\n%s", got)
	}
}
