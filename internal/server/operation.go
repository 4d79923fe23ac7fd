package server

import (
	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// operation is one row of the table of operations: how a request is answered.
type operation struct {
	route route
	// answer appends the body of the reply, on the routes that end here. The
	// body is dropped unless the code is CodeOK.
	answer func(x *exec, d *jute.Decoder) zoo.Code
	// reads says that it reads znodes, and may have to be linearizable.
	reads bool
	// prepare makes ready what answer needs, where that takes more than one hold of the
	// tree. It is called with all locks held, and returns with them.
	prepare func(t *turn, body []byte)
	// receive answers at receipt, on that route; false ends the connection.
	receive func(t *turn, xid int32, body []byte) bool
	// reply appends the body of the reply to a submitted request; nil is an
	// empty body.
	reply func(b []byte, r *tree.Result) []byte
	// extension keeps it for clients that have asked for extensions.
	extension bool
	// code is the answer of a row that refuses writes before they go anywhere.
	code zoo.Code
}

// route is the way of a request through the server.
type route uint8

// The routes.
const (
	// routeUnknown refuses what is no request. The client keeps its connection,
	// on which Java hangs up.
	routeUnknown route = iota
	// routeLocal answers from the tree as it is here, after the earlier
	// requests of the connection.
	routeLocal
	// routeLong is routeLocal for what may take long: the loop never answers it,
	// because it keeps everybody from the tree meanwhile.
	routeLong
	// routeReceipt answers as soon as the request is read, from connections
	// that must authenticate before anything else, too.
	routeReceipt
	// routeSubmit hands the request to the replica.
	routeSubmit
)

// operationLowest is the first row of the table.
const operationLowest = wire.OpCloseSession

// operations is the one table from operations to what is done about them. A new
// operation is a row here and a function in the file of its family.
var operations = [...]operation{
	wire.OpCloseSession - operationLowest:    {route: routeSubmit},
	wire.OpCreate - operationLowest:          {route: routeSubmit, reply: replyPath},
	wire.OpCreate2 - operationLowest:         {route: routeSubmit, reply: replyPathAndStat},
	wire.OpCreateContainer - operationLowest: {route: routeSubmit, reply: replyPathAndStat},
	wire.OpCreateTTL - operationLowest:       {route: routeSubmit, reply: replyPathAndStat},
	wire.OpDelete - operationLowest:          {route: routeSubmit},
	wire.OpDeleteContainer - operationLowest: {route: routeSubmit},
	wire.OpSetData - operationLowest:         {route: routeSubmit, reply: replyStat},
	wire.OpSetACL - operationLowest:          {route: routeSubmit, reply: replyStat},
	wire.OpMulti - operationLowest:           {route: routeSubmit, reply: replyMulti},
	wire.OpReconfig - operationLowest:        {route: routeSubmit, reply: replyConfig},
	wire.OpSync - operationLowest:            {route: routeSubmit},

	wire.OpExists - operationLowest: {
		route: routeLocal, answer: (*exec).exists, reads: true},
	wire.OpGetData - operationLowest: {
		route: routeLocal, answer: (*exec).getData, reads: true},
	wire.OpGetACL - operationLowest: {
		route: routeLocal, answer: (*exec).getACL, reads: true},
	wire.OpGetChildren - operationLowest: {
		route: routeLong, answer: (*exec).getChildren, reads: true},
	wire.OpGetChildren2 - operationLowest: {
		route: routeLong, answer: (*exec).getChildren2, reads: true},
	wire.OpMultiRead - operationLowest: {
		route: routeLong, answer: (*exec).multiRead, reads: true},
	wire.OpGetEphemerals - operationLowest: {
		route: routeLong, answer: (*exec).getEphemerals, reads: true},
	wire.OpGetAllChildrenNumber - operationLowest: {
		route: routeLong, answer: (*exec).getAllChildrenNumber, reads: true},

	wire.OpPing - operationLowest:          {route: routeLocal, answer: (*exec).ping},
	wire.OpSetWatches - operationLowest:    {route: routeLong, answer: (*exec).setWatches},
	wire.OpSetWatches2 - operationLowest:   {route: routeLong, answer: (*exec).setWatches2},
	wire.OpAddWatch - operationLowest:      {route: routeLocal, answer: (*exec).addWatch},
	wire.OpCheckWatches - operationLowest:  {route: routeLocal, answer: (*exec).checkWatches},
	wire.OpRemoveWatches - operationLowest: {route: routeLocal, answer: (*exec).removeWatches},

	wire.OpAuth - operationLowest:   {route: routeReceipt, receive: (*turn).auth},
	wire.OpSASL - operationLowest:   {route: routeReceipt, receive: (*turn).sasl},
	wire.OpWhoAmI - operationLowest: {route: routeLocal, answer: (*exec).whoAmI},
}

// extensions is the table of the operations that not everybody knows.
var extensions = [...]operation{
	wire.OpCheckNotExists - wire.ExtensionLowest: {
		route: routeLocal, answer: (*exec).checkNotExists, reads: true, extension: true},
	wire.OpCreateIfNotExists - wire.ExtensionLowest: {
		route: routeSubmit, reply: replyLastPath, extension: true},
	wire.OpRemoveRecursive - wire.ExtensionLowest: {route: routeSubmit, extension: true},
	wire.OpTryRemove - wire.ExtensionLowest:       {route: routeSubmit, extension: true},
	wire.OpListRecursive - wire.ExtensionLowest: {
		route: routeLong, answer: (*exec).listRecursive, reads: true, extension: true},
	wire.OpGetChildrenPage - wire.ExtensionLowest: {
		route: routeLong, prepare: (*turn).arrangeChildren, answer: (*exec).getChildrenPage,
		reads: true, extension: true},
}

// unknown is the row that stands for all that the table lacks.
var unknown = operation{route: routeUnknown, answer: (*exec).refuse}

// operationOf is the row of an operation.
func operationOf(op wire.Op) *operation {
	if i := int64(op) - int64(operationLowest); i >= 0 && i < int64(len(operations)) {
		if operations[i].route != routeUnknown {
			return &operations[i]
		}
	}
	if i := int64(op) - int64(wire.ExtensionLowest); i >= 0 && i < int64(len(extensions)) {
		if extensions[i].route != routeUnknown {
			return &extensions[i]
		}
	}
	return &unknown
}

// refuse answers for what is no operation, or none that stands alone.
func (x *exec) refuse(*jute.Decoder) zoo.Code {
	x.zxid = zoo.ZxidNone
	return zoo.CodeUnimplemented
}
