package acl

import (
	"slices"

	"zoo"
)

// Rules are the parts of access control that the configuration decides. The zero
// value checks everything, knows the schemes that need no configuration, and no
// super user. It is immutable after start-up.
type Rules struct {
	// SkipACL allows everything to everyone (zookeeper.skipACL).
	SkipACL bool
	// Providers are the schemes that exist; none stands for ProvidersDefault.
	Providers Providers

	// DigestAlgorithm is the hash of the digest scheme.
	DigestAlgorithm DigestAlgorithm
	// SuperDigest is the user:hash of the super user of the digest scheme, or
	// empty for none.
	SuperDigest string

	// X509SuperUser is the distinguished name of the super user with a client
	// certificate, or empty for none.
	X509SuperUser string

	// AnySASLUser is the id of an entry that every client with a SASL identity
	// matches (zookeeper.letAnySaslUserDoX), or empty for none.
	AnySASLUser string
	// SASLSuperUsers are the authorization ids that are super users
	// (zookeeper.superUser and superUser.N).
	SASLSuperUsers []string

	// EnsembleNames are the names of this ensemble that the scheme ensemble
	// accepts; none accepts all (zookeeper.ensembleAuthName).
	EnsembleNames []string
}

// Check tells whether one of the identities has the permission under a list.
// An empty list allows everything. It does not allocate.
func (r *Rules) Check(acls []zoo.ACL, perm zoo.Perms, ids []zoo.ID) bool {
	if r.SkipACL || len(acls) == 0 || IsAnyone(acls[0].ID) && acls[0].Perms&perm != 0 {
		return true
	}
	for i := range ids {
		if ids[i].Scheme == schemeSuper {
			return true
		}
	}
	for i := range acls {
		if acls[i].Perms&perm != 0 && r.grants(acls[i].ID, ids) {
			return true
		}
	}
	return false
}

// IsAnyone tells whether an identity is world:anyone.
func IsAnyone(id zoo.ID) bool {
	return id.ID == zoo.AnyoneID.ID && id.Scheme == zoo.AnyoneID.Scheme
}

// IsOpen tells whether a list is zoo.OpenACL, by far the commonest one.
func IsOpen(acls []zoo.ACL) bool {
	return len(acls) == 1 && acls[0].Perms == zoo.PermAll && IsAnyone(acls[0].ID)
}

func (r *Rules) grants(want zoo.ID, ids []zoo.ID) bool {
	if IsAnyone(want) {
		return true
	}
	s, ok := r.lookup(want.Scheme)
	if !ok || s.matches == nil {
		return false
	}
	for i := range ids {
		if ids[i].Scheme == want.Scheme && s.matches(r, ids[i].ID, want.ID) {
			return true
		}
	}
	return false
}

// Fix turns the list of a request into the one to store, for a client with the
// given identities: duplicates go, "auth" becomes every identity that the client
// has proved. It gives CodeInvalidACL for an empty list, for an identity that no
// scheme accepts, for "auth" without a proved identity, and where "auth" would make
// the list longer by more than authEntriesMax. The result may be the argument itself.
func (r *Rules) Fix(acls []zoo.ACL, ids []zoo.ID) ([]zoo.ACL, zoo.Code) {
	if len(acls) == 0 {
		return nil, zoo.CodeInvalidACL
	}
	if isPlain(acls) {
		return acls, zoo.CodeOK
	}
	fixed := make([]zoo.ACL, 0, len(acls))
	seen := entrySet{list: acls}
	for i, entry := range acls {
		if seen.before(i) {
			continue
		}
		expanded, ok := r.fixEntry(fixed, entry, ids)
		if !ok || len(expanded) > len(acls)+authEntriesMax {
			return nil, zoo.CodeInvalidACL
		}
		fixed = expanded
	}
	return fixed, zoo.CodeOK
}

// authEntriesMax bounds what "auth" adds to a list: a frame has room for tens of
// thousands of such entries, and each stands for all identities of the client.
const authEntriesMax = 1 << 14

// pairwiseMax is how long a list may be for its entries to be compared with each
// other; those of a longer one are hashed.
const pairwiseMax = 32

// entrySet tells which entries of a list are repeated.
type entrySet struct {
	list []zoo.ACL
	seen map[zoo.ACL]struct{}
}

// before tells whether the entry at i stands further ahead as well. It must be asked
// of every entry, in their order.
func (s *entrySet) before(i int) bool {
	if len(s.list) <= pairwiseMax {
		return slices.Contains(s.list[:i], s.list[i])
	}
	if s.seen == nil {
		s.seen = make(map[zoo.ACL]struct{}, len(s.list))
	}
	_, repeated := s.seen[s.list[i]]
	s.seen[s.list[i]] = struct{}{}
	return repeated
}

// isPlain tells whether a list is stored as it came, without looking closer.
func isPlain(acls []zoo.ACL) bool {
	return len(acls) == 1 && IsAnyone(acls[0].ID)
}

func (r *Rules) fixEntry(fixed []zoo.ACL, entry zoo.ACL, ids []zoo.ID) ([]zoo.ACL, bool) {
	if entry.ID.Scheme == schemeAuth {
		return r.expandAuth(fixed, entry.Perms, ids)
	}
	s, ok := r.lookup(entry.ID.Scheme)
	if !ok || s.valid == nil || !s.valid(entry.ID.ID) {
		return nil, false
	}
	return append(fixed, entry), true
}

func (r *Rules) expandAuth(fixed []zoo.ACL, perms zoo.Perms, ids []zoo.ID) ([]zoo.ACL, bool) {
	before := len(fixed)
	for _, id := range ids {
		if s, ok := r.lookup(id.Scheme); ok && s.proved {
			fixed = append(fixed, zoo.ACL{Perms: perms, ID: id})
		}
	}
	return fixed, len(fixed) > before
}

// Authenticate answers an auth packet: the identities that it adds to the
// connection from the given address, or the code of the refusal.
func (r *Rules) Authenticate(scheme string, auth []byte, address string) ([]zoo.ID, zoo.Code) {
	s, ok := r.lookup(scheme)
	if !ok || s.authenticate == nil {
		return nil, zoo.CodeAuthFailed
	}
	return s.authenticate(r, auth, address)
}

// MaskDigests is the list as getACL shows it to a client without ADMIN: password
// hashes are replaced by x. The argument stays as it is.
func MaskDigests(acls []zoo.ACL) []zoo.ACL {
	masked := acls
	for i, entry := range acls {
		if entry.ID.Scheme != schemeDigest {
			continue
		}
		if &masked[0] == &acls[0] {
			masked = slices.Clone(acls)
		}
		masked[i].ID.ID = digestUser(entry.ID.ID) + ":x"
	}
	return masked
}

// User is the name that whoAmI shows for an identity, empty if its scheme has none.
func (r *Rules) User(id zoo.ID) string {
	if s, ok := r.lookup(id.Scheme); ok && s.user != nil {
		return s.user(id.ID)
	}
	return ""
}
