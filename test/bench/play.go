package bench

import (
	"context"
	"slices"
)

// play is what one new ensemble is measured for.
type play struct {
	voters int
	// javaHeap is the -Xmx of Java's servers, if not that of the settings.
	javaHeap string
	steps    []step
}

// step is one part of a play.
type step struct {
	take func(*bout, context.Context) (samples, error)
	// rows are the figures that it gives.
	rows []name
	// sides have it; nil is all.
	sides []string
	// once says that it takes long and is left to the first round.
	once bool
	// first says that the other steps need it.
	first bool
}

// The sides whose servers do all that a server does, and ours alone.
var (
	whole = []string{sideJava, sideZoo}
	ours  = []string{sideZoo}
)

// plays are all that make bench measures. A bare ensemble ends with its leader, begins with
// a log that is filled first, and answers neither reads of names nor multis; a watch or a
// session that rests would cost it nothing.
var plays = []play{
	{voters: 1, steps: []step{
		{take: (*bout).start, rows: []name{aloneStartTime}, first: true},
		{take: (*bout).aloneWrites, rows: []name{aloneWriteRate, aloneWriteCPU}},
		{take: (*bout).aloneReads, rows: []name{aloneReadRate, aloneReadCPU}},
	}},
	{voters: 1, steps: []step{
		{take: (*bout).start, rows: []name{aloneStartTime}, first: true},
		{take: (*bout).idle, rows: []name{sessionMemory}, sides: whole},
	}},
	{voters: 3, steps: []step{
		{take: (*bout).start, rows: []name{startTime}, first: true},
		{take: (*bout).writes, rows: []name{writeRate, writeCPU, writeMemory}},
		{take: (*bout).reads, rows: []name{readRate, readCPU}},
		{take: (*bout).mixed, rows: []name{mixed30Rate, mixed70Rate}},
		{take: (*bout).single, rows: []name{singleP50, singleP99, singleP999}},
		{take: (*bout).thirty, rows: []name{thirtyRate, thirtyP99}},
		{take: (*bout).children, rows: []name{childrenRate}, sides: whole},
		{take: (*bout).watch, rows: []name{watchRate}, sides: whole},
		{take: (*bout).multi, rows: []name{multiRate}, sides: whole},
		{take: (*bout).watchers, rows: []name{watchersP50, watchersLast}, sides: whole},
		{take: (*bout).sessions, rows: []name{sessionRate, sessionCPU}},
		{take: (*bout).kills, rows: []name{killGap}, sides: whole},
		{take: (*bout).dev, rows: []name{devTime}, sides: ours},
	}},
	{voters: 3, steps: []step{
		{take: (*bout).start, rows: []name{startTime}, first: true},
		{take: (*bout).creates, rows: []name{createRate}},
	}},
	{voters: 5, steps: []step{
		{take: (*bout).start, first: true},
		{take: (*bout).kills, rows: []name{killGapOfFive}, sides: whole, once: true},
	}},
	{voters: 1, javaHeap: "3g", steps: []step{
		{take: (*bout).start, first: true},
		{take: (*bout).tree, rows: []name{znodeMemory, recoveryTime}, sides: whole, once: true},
	}},
	{voters: 1, steps: []step{
		{take: (*bout).snapshots, rows: []name{snapshotSlowest, snapshotDelay}, sides: ours,
			once: true},
	}},
}

// hourPlays are what make bench-hour measures.
var hourPlays = []play{
	{voters: 3, javaHeap: "3g", steps: []step{
		{take: (*bout).start, first: true},
		{take: (*bout).hour, rows: []name{hourP9999, hourPause}, sides: whole},
	}},
}

// wanted are the steps that one side takes in a round; none if none gives a wanted figure.
func (p play) wanted(l *lab, side string, round int) (steps []step) {
	useful := false
	for _, s := range p.steps {
		gives := (s.sides == nil || slices.Contains(s.sides, side)) &&
			!(s.once && round > 0) && slices.ContainsFunc(s.rows, l.wants)
		if s.first && side == sideBare {
			gives = false
		}
		useful = useful || gives && (!s.first || l.Rows != nil)
		if gives || s.first {
			steps = append(steps, s)
		}
	}
	if !useful {
		return nil
	}
	return steps
}
