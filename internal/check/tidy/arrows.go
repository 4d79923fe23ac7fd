package tidy

import (
	"slices"
	"strings"
)

// room is a directory tree with one duty, and the rooms it may import. A package
// belongs to the longest room that it lies in. "" is the root package, which every
// room may import, as are check/invariant and, in tests, check/alloc.
type room struct {
	name    string
	imports []string
	// libraries may be imported from outside the project.
	libraries []string
}

// encoding is what every room above it may use.
var encoding = []string{"internal/jute", "internal/wire", "internal/txn"}

// rooms is the table of arrows. They point down: no room imports one above it.
var rooms = []room{
	{name: ""},
	{name: "internal/check/alloc"},
	{name: "internal/check/api"},
	{name: "internal/check/invariant"},
	{name: "internal/check/tidy"},
	{name: "internal/jute"},
	{name: "internal/jutegen"},
	{name: "internal/wire", imports: []string{"internal/jute"}},
	{name: "internal/txn", imports: []string{"internal/jute", "internal/wire"}},

	{name: "internal/core/acl", imports: encoding},
	{name: "internal/core/session", imports: encoding},
	{name: "internal/core/watch", imports: encoding},
	{name: "internal/core/throttle"},
	{name: "internal/core/balance"},
	{name: "internal/core/tree", imports: encoding},
	{name: "internal/core/quorum", imports: encoding},
	{name: "internal/core/prep", imports: append(slices.Clone(encoding),
		"internal/core/tree", "internal/core/acl", "internal/core/session",
		"internal/core/quorum")},
	{name: "internal/core/election", imports: append(slices.Clone(encoding),
		"internal/core/quorum")},
	// zab knows the tree only as what a SNAP brings and the disk installs.
	{name: "internal/core/zab", imports: append(slices.Clone(encoding),
		"internal/core/balance", "internal/core/quorum", "internal/core/tree")},
	{name: "internal/core/replica", imports: append(slices.Clone(encoding), "internal/core/")},

	{name: "internal/disk/adler", libraries: []string{"golang.org/x/sys"}},
	{name: "internal/disk", imports: append(slices.Clone(encoding),
		"internal/disk", "internal/core/tree")},
	{name: "internal/disk/snapshot", imports: append(slices.Clone(encoding),
		"internal/disk/vfs", "internal/disk/adler", "internal/core/tree"),
		libraries: []string{"github.com/klauspost/compress"}},
	{name: "internal/inspect", imports: append(slices.Clone(encoding),
		"internal/disk", "internal/core/tree")},
	{name: "internal/disk/backup", imports: append(slices.Clone(encoding),
		"internal/disk", "internal/core/tree"), libraries: []string{
		"github.com/klauspost/compress", "filippo.io/age", "github.com/minio/minio-go/v7",
		"github.com/johannesboyne/gofakes3"}},
	{name: "internal/net/nowait"},
	{name: "internal/net/certs", libraries: []string{
		"github.com/pavlo-v-chernykh/keystore-go/v4", "software.sslmate.com/src/go-pkcs12",
		"github.com/youmark/pkcs8", "github.com/fsnotify/fsnotify"}},
	// Mechanisms are told by values what they need of the configuration.
	{name: "internal/net/sasl", imports: []string{"internal/core/acl/principal"}},
	{name: "internal/net/sasl/gssapi", imports: []string{"internal/core/acl/principal",
		"internal/net/sasl"}, libraries: []string{"github.com/jcmturner/gokrb5/v8"}},
	{name: "internal/net/peer", imports: append(slices.Clone(encoding), "internal/core/",
		"internal/net/nowait", "internal/net/certs", "internal/net/sasl")},

	// Who counts is told by the room that counts.
	{name: "internal/config", imports: []string{"internal/core/quorum"}},
	{name: "internal/ops", imports: []string{"internal/config", "internal/ops"}},
	{name: "internal/ops/admin", imports: []string{"internal/ops", "internal/net/certs"}},
	{name: "internal/ops/exposition", imports: []string{"internal/ops"}, libraries: []string{
		"github.com/prometheus/client_golang", "github.com/prometheus/client_model",
		"github.com/prometheus/common"}},
	{name: "internal/ops/traces", imports: encoding, libraries: []string{
		"go.opentelemetry.io/proto/slim/otlp", "google.golang.org/protobuf"}},
	{name: "internal/ops/audit", imports: append(slices.Clone(encoding), "internal/disk/vfs")},
	// The console is a client of its own server.
	{name: "internal/ops/browser", imports: []string{"client"}},
	{name: "internal/server", imports: append(slices.Clone(encoding), "internal/core/",
		"internal/disk", "internal/net", "internal/ops", "internal/config")},
	// What a server is to a program that runs it.
	{name: "internal/host", imports: []string{"internal/config", "internal/server"}},
	{name: "internal/check/sim", imports: append(slices.Clone(encoding), "internal/core/",
		"internal/disk", "internal/check/sim")},

	{name: "internal/check/history",
		libraries: []string{"github.com/anishathalye/porcupine"}},

	{name: "client", imports: []string{"internal/jute", "internal/wire",
		"internal/net/sasl/digestmd5"}},
	{name: "client/recipe", imports: []string{"client"}},
	{name: "client/kerberos", imports: []string{"client", "internal/core/acl/principal",
		"internal/net/sasl", "internal/net/sasl/gssapi"}},
	{name: "internal/shell", imports: []string{"client"}},

	{name: "internal/load"},
	{name: "internal/plot"},
	{name: "internal/paper", imports: []string{"internal/load", "internal/plot"}},
	{name: "internal/dev", imports: []string{"internal/dev"}},
	// What a migration decides knows configurations and who counts; who asks is a room of
	// its own.
	{name: "internal/migrate", imports: []string{"internal/config", "internal/core/quorum"}},
	{name: "internal/migrate/ask", imports: []string{"internal/migrate", "internal/dev/status",
		"client"}},
	// The doctor judges what the room below it has looked at.
	{name: "internal/doctor", imports: []string{"internal/config", "internal/core/quorum",
		"internal/migrate"}},
	{name: "internal/doctor/survey", imports: []string{"internal/config", "internal/core/quorum",
		"internal/doctor", "internal/dev/status", "internal/disk", "internal/inspect",
		"internal/migrate", "internal/server"}},
	{name: "embed", imports: []string{"internal/config", "internal/host", "internal/server"}},
	{name: "zootest", imports: []string{"internal/config", "internal/host", "internal/server",
		"client"}},
	{name: "cmd/zoo", imports: []string{"internal/config", "internal/server", "internal/ops",
		"internal/host",
		"internal/migrate", "internal/core/quorum", "internal/doctor",
		"internal/dev", "internal/load", "internal/paper", "internal/shell", "client",
		"internal/net/certs", "internal/net/sasl", "internal/inspect", "internal/disk/vfs",
		"internal/disk/backup", "internal/disk/store"},
		libraries: []string{"github.com/alecthomas/kong", "filippo.io/age", "golang.org/x/term"}},
	{name: "scripts/sbom", libraries: []string{"github.com/CycloneDX/cyclonedx-go"}},
	{name: "test/compat", imports: append(slices.Clone(encoding), "test/ensemble")},
	{name: "test/datadir", imports: append(slices.Clone(encoding), "internal/core/tree",
		"internal/disk", "client", "test/ensemble")},
	{name: "test/mixed", imports: append(slices.Clone(encoding), "internal/core/",
		"internal/disk", "test/ensemble")},
	{name: "test/monitoring", imports: []string{"client", "test/ensemble"},
		libraries: []string{"github.com/VictoriaMetrics/metricsql", "go.yaml.in/yaml/v3"}},
	{name: "test/console", imports: []string{"client", "test/ensemble"}},
	{name: "test/backup", imports: []string{"client", "test/ensemble"}},
	{name: "test/secured", imports: []string{"client", "test/ensemble", "test/kerberos"}},
	{name: "test/recipe", imports: []string{"client", "test/ensemble"}},
	{name: "test/reconfig", imports: []string{"client", "test/ensemble"}},
	{name: "test/migrate", imports: []string{"client", "internal/migrate/ask", "test/ensemble"}},
	{name: "test/slow", imports: append(slices.Clone(encoding), "internal/load", "test/ensemble")},
	{name: "test/bench", imports: []string{"internal/load", "internal/paper", "client",
		"test/ensemble", "test/bench/cpu"}},
	{name: "test/bench/curves", imports: append(slices.Clone(encoding), "internal/load",
		"internal/plot", "client", "test/ensemble", "test/bench/cpu")},
	{name: "test/bench/cpu"},
	// The floor must owe nothing to what is measured against it.
	{name: "test/bench/floor"},
	{name: "test/robust", imports: append(slices.Clone(encoding), "client",
		"internal/check/history", "test/ensemble")},
	{name: "test", imports: []string{"internal/load", "internal/dev", "test"}},
}

// foundations may be imported from everywhere.
var foundations = []string{"internal/check/invariant", "internal/check/alloc"}

// roomOf is the room that a directory belongs to.
func roomOf(dir string) (room, bool) {
	best, found := room{}, false
	for _, r := range rooms {
		if within(dir, r.name) && (!found || len(r.name) > len(best.name)) {
			best, found = r, true
		}
	}
	return best, found
}

// within tells whether dir is the room or lies below it. Nothing but the root
// package itself lies in the root's room.
func within(dir, name string) bool {
	return dir == name || name != "" && strings.HasPrefix(dir, strings.TrimSuffix(name, "/")+"/")
}

// allows tells whether the room may import a package of the project.
func (r room) allows(dir string) bool {
	if dir == "" || slices.Contains(foundations, dir) || within(dir, r.name) {
		return true
	}
	for _, allowed := range r.imports {
		if within(dir, allowed) {
			return true
		}
	}
	return false
}

// impure are packages that the core must not import: they know time, goroutines,
// files, sockets or chance. net/netip is arithmetic on addresses.
var impure = []string{"os", "net", "net/http", "io/fs", "sync", "sync/atomic", "context",
	"log", "log/slog", "math/rand", "crypto/rand", "os/exec", "os/signal",
	"syscall", "runtime", "reflect", "testing/synctest"}

// impureCalls are functions of packages that the core may otherwise use.
var impureCalls = map[string][]string{
	"time": {"Now", "After", "AfterFunc", "Sleep", "NewTimer", "NewTicker", "Tick", "Since",
		"Until"},
}

// seeded are what the core may use of chance: generators that are given their seed.
var seeded = []string{"New", "NewPCG", "NewChaCha8", "Rand", "PCG", "ChaCha8", "Source"}

// vague are package names that say nothing.
var vague = []string{"util", "utils", "common", "base", "helper", "helpers", "types", "model",
	"models", "manager", "misc", "shared"}

// mayExit are the rooms of programs, which alone may print and exit.
var mayExit = []string{"cmd/zoo", "internal/jutegen", "scripts/sbom", "test/bench/floor"}

// linkerVars are set by the linker's -X, which needs a variable.
var linkerVars = []string{"cmd/zoo.version", "cmd/zoo.revision", "cmd/zoo.built"}
