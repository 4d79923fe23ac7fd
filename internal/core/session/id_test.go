package session

import (
	"encoding/hex"
	"math"
	"testing"

	"zoo"
)

// The passwords come from java.util.Random itself.
func TestPasswordsAreThoseOfJava(t *testing.T) {
	for id, want := range map[zoo.SessionID]string{
		0:                 "f22acd4a97e69d6d20a49bb638eadb38",
		1:                 "054cc74a37327db215e702e20c73f005",
		0x100000000000001: "054cc74a37327db215e702e20c73f005",
		0x1000012345678ab: "b7c3a6194c9474b12a7e41fccc5ebbcf",
		math.MaxInt64:     "20f62cb5648dc2d771471c8a2486a9ee",
		-1:                "20f62cb5648dc2d771471c8a2486a9ee",
		-0xedcba987543211: "f7aa663f3fadda0974ca2adbe3378a32",
	} {
		password := Password(id)
		if got := hex.EncodeToString(password[:]); got != want {
			t.Errorf("session %v: got %s, want %s", id, got, want)
		}
	}
}

func TestSessionIDsNameTheirServerAndSkipTheMarkOfContainers(t *testing.T) {
	id := FirstID(3, 0x1234567890)
	if id != 0x0312345678900000 || Server(id) != 3 {
		t.Errorf("first id %v of server %d", id, Server(id))
	}
	if id := FirstID(2, 0x77001234567890); id != 0x0212345678900000 {
		t.Errorf("a long uptime gives %v", id)
	}
	if Server(FirstID(255, 1)) != 255 {
		t.Errorf("server 255 makes %v", FirstID(255, 1))
	}
	if id := FirstID(128, 0); id != zoo.ContainerOwner+1 {
		t.Errorf("first id of server 128 at time 0 is %v", id)
	}
	if id := NextID(math.MaxInt64); id != zoo.ContainerOwner+1 {
		t.Errorf("the id before the mark is followed by %v", id)
	}
}
