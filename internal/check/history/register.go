package history

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"zoo"
)

// register is the state of one znode as its writers can know it.
type register struct {
	exists  bool
	version int32
	value   string
	// zxid is that of the last change, 0 if its answer is not known.
	zxid zoo.Zxid
}

// expected is what a right server answers, and the state behind it.
func (r register) expected(op *Operation) (zoo.Code, register) {
	switch {
	case op.Kind == Create && r.exists:
		return zoo.CodeNodeExists, r
	case op.Kind == Create:
		return zoo.CodeOK, register{exists: true, value: op.Value, zxid: op.Stat.Mzxid}
	case !r.exists:
		return zoo.CodeNoNode, r
	case op.Kind == Read:
		return zoo.CodeOK, r
	case op.Version != AnyVersion && op.Version != r.version:
		return zoo.CodeBadVersion, r
	case op.Kind == Set:
		return zoo.CodeOK, register{exists: true, version: r.version + 1, value: op.Value,
			zxid: op.Stat.Mzxid}
	}
	return zoo.CodeOK, register{zxid: op.Zxid}
}

// step tells whether an operation may come next, and what the znode is then. One without
// an answer may always: what it did not do can come behind everything that was seen.
func (r register) step(op *Operation) (bool, register) {
	code, next := r.expected(op)
	switch {
	case !op.Answered:
		return true, next
	case op.Code != code:
		return false, r
	case code != zoo.CodeOK:
		return true, next
	case op.Kind == Read:
		same := op.Value == r.value && op.Stat.Version == r.version &&
			(r.zxid == 0 || op.Stat.Mzxid == r.zxid)
		return same, r
	case r.zxid != 0 && next.zxid != 0 && next.zxid <= r.zxid:
		return false, r
	case op.Kind == Set:
		return op.Stat.Version == next.version, next
	}
	return true, next
}

func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return register{} },
		Step: func(state, input, _ any) (bool, any) {
			return state.(register).step(input.(*Operation))
		},
	}
}

// linearizable looks, for each znode, for an order of its writes that explains all
// answers.
func (j *judge) linearizable(patience time.Duration) {
	for _, name := range slices.Sorted(maps.Keys(j.paths)) {
		all := j.paths[name].linear
		switch porcupine.CheckOperationsTimeout(model(), operations(all), patience) {
		case porcupine.Illegal:
			j.violate(promiseLinear, nil, "no order explains %s:%s", name, listed(all))
		case porcupine.Unknown:
			j.violate(promiseDecided, nil, "%s, %d operations:%s", name, len(all), listed(all))
		}
	}
}

func operations(all []*Operation) []porcupine.Operation {
	var out []porcupine.Operation
	for _, op := range all {
		begin, end := int64(op.Call), int64(op.Return)
		if !op.Answered {
			end = math.MaxInt64
		}
		if op.Fresh {
			begin = int64(op.Since)
		}
		out = append(out, porcupine.Operation{Input: op, Call: begin, Return: end})
	}
	return out
}

func listed(all []*Operation) string {
	text := ""
	for _, op := range slices.SortedFunc(slices.Values(all), func(a, b *Operation) int {
		return int(a.Call - b.Call)
	}) {
		text += "\n  " + op.String()
	}
	return text
}
