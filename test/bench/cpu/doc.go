// Package cpu tells how long the CPUs have worked: for the whole machine, for one process,
// and for this process and its children. Its figures are sums since the machine's or the
// process's start, so that of two of them the difference is what counts. Only Linux tells
// them; elsewhere they are errors.ErrUnsupported. It knows nothing of what is measured.
package cpu

import "time"

// Tick is the unit of Busy and Of, on every architecture of Linux.
const Tick = 10 * time.Millisecond
