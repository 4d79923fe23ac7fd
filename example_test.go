package zoo_test

import (
	"errors"
	"fmt"

	"zoo"
)

// A client's errors have the answers of the protocol in them.
func ExampleCode() {
	err := fmt.Errorf("read the settings: %w", zoo.ErrNoNode)
	var code zoo.Code
	fmt.Println(errors.Is(err, zoo.ErrNoNode), errors.Is(err, zoo.ErrNoAuth))
	fmt.Println(errors.As(err, &code), int32(code))
	// Output:
	// true false
	// true -101
}

// A transaction is named by the epoch of its leader and a counter.
func ExampleZxid() {
	z := zoo.MakeZxid(3, 0x2a)
	fmt.Println(z, z.Epoch(), z.Counter())
	// Output:
	// 0x30000002a 3 42
}

// What a user types becomes a path only if it may be one.
func ExampleValidatePath() {
	for _, path := range []string{"/app/config", "app", "/app/", "/a/../b"} {
		fmt.Println(path, zoo.ValidatePath(path) == nil)
	}
	// Output:
	// /app/config true
	// app false
	// /app/ false
	// /a/../b false
}

func ExampleSplitPath() {
	parent, name := zoo.SplitPath("/app/config")
	fmt.Println(parent, name)
	// Output:
	// /app config
}

// Everybody may read; whoever has proved to be ann may do everything. client.DigestID makes
// such an identity of a password, here of secret.
func ExampleACL() {
	list := []zoo.ACL{
		{Perms: zoo.PermRead, ID: zoo.AnyoneID},
		{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "digest", ID: "ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM="}},
	}
	for _, a := range list {
		fmt.Println(a.ID.Scheme, a.Perms)
	}
	// Output:
	// world r
	// digest cdrwa
}
