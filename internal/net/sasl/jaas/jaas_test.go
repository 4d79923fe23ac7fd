package jaas

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoo/internal/check/alloc"
)

func property(name string) (string, bool) {
	return "/home/zk", name == "user.home"
}

// example uses all that the syntax has.
const example = `/* two sections,
   one of them with two modules */
Server {
    org.apache.zookeeper.server.auth.DigestLoginModule required // plain
    user_super="adm\"in\\\101" user_bob = bobsecret  # the last value counts
    user_bob="so;me{thing}=//odd" debug=true;
};
"Other Client" {
    com.sun.security.auth.module.Krb5LoginModule SUFFICIENT
        keyTab="${user.home}${/}key tab" principal="zookeeper/host@REALM"
        useKeyTab=true;
    org.apache.zookeeper.server.auth.DigestLoginModule optional;
};
`

func TestAFileIsReadAsJavaReadsIt(t *testing.T) {
	f, err := Parse("jaas.conf", []byte(example), property)
	if err != nil {
		t.Fatal(err)
	}
	server, _ := f.Section("Server")
	other, _ := f.Section("Other Client")
	if len(server) != 1 || len(other) != 2 {
		t.Fatalf("%v, %v", server, other)
	}
	for _, c := range []struct {
		module      Module
		key, want   string
		class, flag string
		line        int
	}{
		{server[0], "user_super", `adm"in\A`, "DigestLoginModule", "required", 4},
		{server[0], "user_bob", "so;me{thing}=//odd", "DigestLoginModule", "required", 4},
		{server[0], "debug", "true", "DigestLoginModule", "required", 4},
		{other[0], "keyTab", "/home/zk/key tab", "Krb5LoginModule", "sufficient", 9},
		{other[0], "principal", "zookeeper/host@REALM", "Krb5LoginModule", "sufficient", 9},
		{other[1], "none", "", "DigestLoginModule", "optional", 12},
	} {
		m := c.module
		if m.Options[c.key] != c.want || !m.Is(c.class) || m.Flag != c.flag || m.Line != c.line {
			t.Errorf("%s=%q, %s %s in line %d", c.key, m.Options[c.key], m.Class, m.Flag, m.Line)
		}
	}
	if _, ok := f.Section("Client"); ok {
		t.Error("a section that is not there")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, server); strings.Contains(text, "odd") {
			t.Errorf("%s prints a password: %s", verb, text)
		}
	}
}

// Every file lacks one thing. The error names the line and what to do, and never the
// password in it.
func TestAFileThatIsWrongIsRefusedWithItsLine(t *testing.T) {
	for title, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"no brace":       {"Server\n x required;\n};", 2, "want {"},
		"no flag":        {"Server {\n a.B user_x=\"hush\";\n};", 2, "required, requisite"},
		"no module end":  {"Server {\n a.B required user_x=\"hush\"\n};", 3, "an option, or ;"},
		"no section end": {"Server {\n a.B required;\n}\nClient {\n};", 4, "want ;"},
		"no value":       {"Server {\n a.B required user_x=;\n};", 2, "user_x has no value"},
		"no equals":      {"Server {\n a.B required user_x \"hush\";\n};", 2, "want ="},
		"open quote":     {"Server {\n a.B required\n user_x=\"hush;\n};", 3, "does not end"},
		"open comment":   {"Server {\n /* hush\n};", 2, "*/"},
		"open section":   {"Server {\n a.B required;\n", 3, "the end of the file"},
		"single quotes":  {"Server {\n a.B required user_x='hush';\n};", 2, "double"},
		"twice":          {"A {\n};\nA {\n};", 4, "second section"},
		"no property":    {"A {\n b.C required x=\"${no.such}hush\";\n};", 2, "property no.such"},
		"open property":  {"A {\n b.C required x=\"hush${no\";\n};", 2, "without }"},
		"quote at end":   {"A {\n b.C required x=\"hush\\", 2, "has no end"},
		"too large":      {strings.Repeat(" ", fileBytesMax+1), 1, "larger"},
	} {
		_, err := Parse("jaas.conf", []byte(c.text), property)
		var e *Error
		if !errors.As(err, &e) || e.Line != c.line || !strings.Contains(e.Reason, c.want) {
			t.Errorf("%s: %v", title, err)
			continue
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells a secret: %v", title, err)
		}
	}
}

func TestFilesAreNamedByPathOrURL(t *testing.T) {
	name := filepath.Join(t.TempDir(), "jaas.conf")
	if err := os.WriteFile(name, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{name, "file:" + name, "file://" + name, "=" + name} {
		if _, err := Read(path, property); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Read(name+"x", property); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{example, `A{b c d="\`, "A{};", "/*", "A{b required x=/*z*/;};"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var file *File
		var err error
		alloc.Bounded(t, len(text), func() { file, err = Parse("fuzz", text, property) })
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Line < 1) {
			t.Fatalf("%v", err)
		}
		if (file == nil) != (err != nil) {
			t.Fatalf("%v with %v", file, err)
		}
	})
}
