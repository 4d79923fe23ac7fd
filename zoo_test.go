package zoo

import (
	"errors"
	"fmt"
	"testing"
)

// Zxids order first by leadership, then by place in it, and a carry from one into
// the other would forge a leadership.
func TestZxidIsEpochAndCounter(t *testing.T) {
	z := MakeZxid(3, 0xfffffffe)
	if z.Epoch() != 3 || z.Counter() != 0xfffffffe || z.String() != "0x3fffffffe" {
		t.Fatalf("got %d %d %v", z.Epoch(), z.Counter(), z)
	}
	last := z.Next()
	if last.Epoch() != 3 || last.Counter() != CounterMax || Epoch(4).Start() <= last {
		t.Fatalf("got %v, and epoch 4 starts at %v", last, Epoch(4).Start())
	}
	defer func() {
		if recover() == nil {
			t.Error("the counter was carried into the epoch")
		}
	}()
	last.Next()
}

// A history has no hole: within an epoch every counter follows the one before, and
// an epoch begins with its first.
func TestOnlyTheNextZxidFollows(t *testing.T) {
	for _, row := range []struct {
		before, z Zxid
		follows   bool
	}{
		{MakeZxid(1, 5), MakeZxid(1, 6), true}, {MakeZxid(1, 5), MakeZxid(1, 7), false},
		{MakeZxid(1, 5), MakeZxid(1, 5), false}, {MakeZxid(1, 5), MakeZxid(3, 1), true},
		{MakeZxid(1, 5), MakeZxid(2, 2), false}, {MakeZxid(2, 1), MakeZxid(1, 6), false},
		{MakeZxid(1, CounterMax), MakeZxid(2, 0), false},
	} {
		if row.z.Follows(row.before) != row.follows {
			t.Errorf("%v after %v: %v", row.z, row.before, !row.follows)
		}
	}
}

// The paths that Java's PathUtils refuses, one for each reason, and their nearest
// neighbours that it takes.
func TestPathsAreJudgedAsByJava(t *testing.T) {
	for _, path := range []string{"/", "/a", "/a/b", "/a..b/.c", "/ä/日本", "/a b", "/\u00a0",
		"/\uf900", "/\uffef"} {
		if err := ValidatePath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range []string{"", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a/./b",
		"/a\x00", "/\x1f", "/\x7f", "/\u009f", "/\ue000", "/\uf8ff", "/\ufff0", "/\uffff",
		"/\xff", "/\U00010000"} {
		if err := ValidatePath(path); !errors.Is(err, ErrPath) {
			t.Errorf("%q is taken", path)
		}
	}
}

func TestPathSplitsIntoParentAndName(t *testing.T) {
	for path, want := range map[string][2]string{
		"/a": {"/", "a"}, "/a/b": {"/a", "b"}, "/a/b/c": {"/a/b", "c"}, "/": {"/", ""},
	} {
		if parent, name := SplitPath(path); parent != want[0] || name != want[1] {
			t.Errorf("%s: %q %q", path, parent, name)
		}
	}
}

func TestOwnersOfZnodesWithATimeToLiveTellIt(t *testing.T) {
	for _, row := range []struct {
		owner  SessionID
		ttl    bool
		millis int64
	}{
		{0, false, 0},
		{0x10000abcd, false, 0},
		{ContainerOwner, false, 0},
		{TTLOwner(1), true, 1},
		{TTLOwner(TTLMax), true, TTLMax},
		{-2, false, 0}, // 0xff in front, but of an unknown type
	} {
		if row.owner.IsTTLOwner() != row.ttl || row.ttl && row.owner.TTL() != row.millis {
			t.Errorf("%v: ttl %v of %d", row.owner, row.owner.IsTTLOwner(), row.owner.TTL())
		}
	}
}

func TestCodesAreErrorsButForOK(t *testing.T) {
	if CodeOK.Err() != nil || !errors.Is(CodeNoNode.Err(), CodeNoNode) {
		t.Fatal("CodeOK is no error, all others are")
	}
	for code, want := range map[Code]string{
		CodeNoNode: "no node (-101)", -9: "code -9",
	} {
		if code.Error() != want {
			t.Errorf("got %q, want %q", code.Error(), want)
		}
	}
}

// An error is found by either of its names, also within another one.
func TestErrorsAreTheCodes(t *testing.T) {
	err := fmt.Errorf("while reading: %w", CodeNoNode)
	if !errors.Is(err, ErrNoNode) || !errors.Is(err, CodeNoNode) || errors.Is(err, ErrNodeExists) {
		t.Fatal(err)
	}
}

func TestModesAndPermissions(t *testing.T) {
	if !EphemeralSequential.IsEphemeral() || !EphemeralSequential.IsSequential() ||
		Container.IsEphemeral() || !PersistentSequentialTTL.IsTTL() ||
		CreateMode(7).Valid() || CreateMode(-1).Valid() {
		t.Error("a mode is mistaken for another")
	}
	if s := PermAll.String(); s != "cdrwa" {
		t.Errorf("all permissions are %q", s)
	}
}

// What a list of permissions shows is read back letter by letter, and no other letter is one.
func TestALetterIsThePermissionThatIsShownByIt(t *testing.T) {
	var all Perms
	for _, letter := range PermAll.String() {
		if perm := PermOf(letter); perm == 0 || perm.String() != string(letter) {
			t.Errorf("%c is %v", letter, perm)
		}
		all |= PermOf(letter)
	}
	if all != PermAll || PermOf('x') != 0 || PermOf('R') != 0 {
		t.Errorf("all letters are %v, x is %v", all, PermOf('x'))
	}
}
