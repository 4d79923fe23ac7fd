package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A configuration of three becomes one of one: whoever else was named goes, all other
// lines stay as they are, and it loads.
func TestAServerAloneKeepsItsOtherSettings(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "zoo.cfg")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(dir, "myid"), "2\n")
	write(file, "# server.1 was here\ndataDir="+dir+"\ntickTime=\\\n  1000\n"+
		"initLimit=5\nsyncLimit=2\n"+
		"peerType=observer\nserver.1=a:1:2\nserver.2=b:1:\\\n2:observer;2181\n server.3=c:1:2\n"+
		"server.4=d:1:2\nsnapCount=77")
	before, _, err := Load(Source{Args: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	made, err := Alone(file, before, file, 0)
	text := made.Text
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "server.3") || !strings.Contains(text, "# server.1 was here") {
		t.Errorf("the text is\n%s", text)
	}
	write(file, text)
	after, _, err := Load(Source{Args: []string{file}})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if after.Standalone() || len(after.Servers) != 1 || after.Observer || after.SnapCount != 77 ||
		after.Tick != before.Tick || after.ClientListen != before.ClientListen {
		t.Errorf("it comes to %+v", after)
	}
}

// With reconfigurations the founder's configuration is newer than all that its log may
// propose: the lost servers must not be needed for anything.
func TestFounderHasANewerConfigurationThanItsLog(t *testing.T) {
	_, file := ensembleDir(t, threeServers)
	made, err := Alone(file, loaded(t, file), file+".recovered", 0x500000000)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, made.DynamicFile, made.DynamicText)
	writeText(t, file+".recovered", made.Text)
	c := loaded(t, file+".recovered")
	if c.Version != 0x500000000 || len(c.Servers) != 1 || c.Standalone() {
		t.Errorf("it comes to %+v", c)
	}
}
