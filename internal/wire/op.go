package wire

import "strconv"

// Op is an operation code: the type of a request and of a transaction.
type Op int32

// The operations of ZooKeeper 3.9.
const (
	OpNotification         Op = 0
	OpCreate               Op = 1
	OpDelete               Op = 2
	OpExists               Op = 3
	OpGetData              Op = 4
	OpSetData              Op = 5
	OpGetACL               Op = 6
	OpSetACL               Op = 7
	OpGetChildren          Op = 8
	OpSync                 Op = 9
	OpPing                 Op = 11
	OpGetChildren2         Op = 12
	OpCheck                Op = 13
	OpMulti                Op = 14
	OpCreate2              Op = 15
	OpReconfig             Op = 16
	OpCheckWatches         Op = 17
	OpRemoveWatches        Op = 18
	OpCreateContainer      Op = 19
	OpDeleteContainer      Op = 20
	OpCreateTTL            Op = 21
	OpMultiRead            Op = 22
	OpAuth                 Op = 100
	OpSetWatches           Op = 101
	OpSASL                 Op = 102
	OpGetEphemerals        Op = 103
	OpGetAllChildrenNumber Op = 104
	OpSetWatches2          Op = 105
	OpAddWatch             Op = 106
	OpWhoAmI               Op = 107
	OpCreateSession        Op = -10
	OpCloseSession         Op = -11
	OpError                Op = -1
)

// The extensions, for clients that ask for them (docs/format/extensions.md): what
// ClickHouse Keeper added to the protocol, and from OpGetChildrenPage on what we
// did.
const (
	OpCheckNotExists    Op = 501
	OpCreateIfNotExists Op = 502
	OpRemoveRecursive   Op = 503
	OpTryRemove         Op = 505
	OpListRecursive     Op = 507
	OpGetChildrenPage   Op = 600
)

// Class says who answers an operation that arrives as a request of its own.
type Class uint8

// The classes of operations.
const (
	// ClassNever is not a request: a client that sends one is sent away.
	ClassNever Class = iota
	// ClassRead is answered from the local tree.
	ClassRead
	// ClassWrite becomes a transaction.
	ClassWrite
	// ClassSession concerns the session or its order with the leader.
	ClassSession
	// ClassLocal concerns the connection, its watches and identities.
	ClassLocal
)

// OpInfo describes an operation.
type OpInfo struct {
	Name  string // Name is ZooKeeper's, as in its logs and metrics.
	Short string // Short is the tag in the list of connections (lop).
	Class Class
}

// opLowest is the first operation of the table below; the gaps in it are empty.
const opLowest = OpCloseSession

// ops is the one table of operations, by number from opLowest.
var ops = [...]OpInfo{
	OpCloseSession - opLowest:         {"closeSession", "CLOS", ClassSession},
	OpCreateSession - opLowest:        {"createSession", "SESS", ClassSession},
	OpError - opLowest:                {"error", "NA", ClassNever},
	OpNotification - opLowest:         {"notification", "NA", ClassNever},
	OpCreate - opLowest:               {"create", "CREA", ClassWrite},
	OpDelete - opLowest:               {"delete", "DELE", ClassWrite},
	OpExists - opLowest:               {"exists", "EXIS", ClassRead},
	OpGetData - opLowest:              {"getData", "GETD", ClassRead},
	OpSetData - opLowest:              {"setData", "SETD", ClassWrite},
	OpGetACL - opLowest:               {"getACL", "GETA", ClassRead},
	OpSetACL - opLowest:               {"setACL", "SETA", ClassWrite},
	OpGetChildren - opLowest:          {"getChildren", "GETC", ClassRead},
	OpSync - opLowest:                 {"sync", "SYNC", ClassSession},
	OpPing - opLowest:                 {"ping", "PING", ClassSession},
	OpGetChildren2 - opLowest:         {"getChildren2", "GETC", ClassRead},
	OpCheck - opLowest:                {"check", "CHEC", ClassNever},
	OpMulti - opLowest:                {"multi", "MULT", ClassWrite},
	OpCreate2 - opLowest:              {"create2", "CREA", ClassWrite},
	OpReconfig - opLowest:             {"reconfig", "RECO", ClassWrite},
	OpCheckWatches - opLowest:         {"checkWatches", "CHKW", ClassLocal},
	OpRemoveWatches - opLowest:        {"removeWatches", "REMW", ClassLocal},
	OpCreateContainer - opLowest:      {"createContainer", "CREA", ClassWrite},
	OpDeleteContainer - opLowest:      {"deleteContainer", "DELE", ClassWrite},
	OpCreateTTL - opLowest:            {"createTTL", "CREA", ClassWrite},
	OpMultiRead - opLowest:            {"multiRead", "MLTR", ClassRead},
	OpAuth - opLowest:                 {"auth", "NA", ClassLocal},
	OpSetWatches - opLowest:           {"setWatches", "SETW", ClassLocal},
	OpSASL - opLowest:                 {"sasl", "NA", ClassLocal},
	OpGetEphemerals - opLowest:        {"getEphemerals", "GETE", ClassRead},
	OpGetAllChildrenNumber - opLowest: {"getAllChildrenNumber", "GETACN", ClassRead},
	OpSetWatches2 - opLowest:          {"setWatches2", "STW2", ClassLocal},
	OpAddWatch - opLowest:             {"addWatch", "ADDW", ClassLocal},
	OpWhoAmI - opLowest:               {"whoAmI", "HOMI", ClassLocal},
}

// ExtensionLowest is the first operation of the tables of extensions.
const ExtensionLowest = OpCheckNotExists

// extensions is the one table of extensions, by number from ExtensionLowest.
var extensions = [...]OpInfo{
	OpCheckNotExists - ExtensionLowest:    {"checkNotExists", "CHNE", ClassRead},
	OpCreateIfNotExists - ExtensionLowest: {"createIfNotExists", "CRNE", ClassWrite},
	OpRemoveRecursive - ExtensionLowest:   {"removeRecursive", "RREC", ClassWrite},
	OpTryRemove - ExtensionLowest:         {"tryRemove", "TREM", ClassWrite},
	OpListRecursive - ExtensionLowest:     {"listRecursive", "LREC", ClassRead},
	OpGetChildrenPage - ExtensionLowest:   {"getChildrenPage", "GETP", ClassRead},
}

// Extensions lists the operations that only clients who ask for them may use.
func Extensions() []Op {
	var list []Op
	for i := range extensions {
		if extensions[i].Name != "" {
			list = append(list, ExtensionLowest+Op(i))
		}
	}
	return list
}

// Info describes the operation; false where there is no such operation.
func (o Op) Info() (OpInfo, bool) {
	if i := int64(o) - int64(ExtensionLowest); i >= 0 && i < int64(len(extensions)) {
		return extensions[i], extensions[i].Name != ""
	}
	i := int64(o) - int64(opLowest)
	if i < 0 || i >= int64(len(ops)) {
		return OpInfo{}, false
	}
	return ops[i], ops[i].Name != ""
}

// String is the operation's name, or its number where it has none.
func (o Op) String() string {
	if info, ok := o.Info(); ok {
		return info.Name
	}
	return "op" + strconv.Itoa(int(o))
}
