package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// sessionsShown is how many sessions an answer names.
const sessionsShown = 5

// judgeSessions compares the sessions with those of the last verified step. One that is
// gone was closed by its client, which is the client's right, or has expired, which a
// replacement must not cause: who let it expire counts it. A counter that went down was
// begun anew by a new process.
func (s *State) judgeSessions(step int, e Evidence) Answer {
	now := Note(s.Last.Time, e)
	switch {
	case s.Last.Sessions == nil:
		return Answer{Untold, "sessions", "the state does not say which there were", ""}
	case now.Sessions == nil:
		return Answer{Untold, "sessions", "no server tells them; allow the word dump, or let " +
			"the trees be compared", ""}
	case now.Owners != s.Last.Owners:
		return Answer{Untold, "sessions", "they were told in another way at the last step; the " +
			"next step can be compared with this one", ""}
	}
	kept, gone := 0, []string(nil)
	for _, id := range s.Last.Sessions {
		if slices.Contains(now.Sessions, id) {
			kept++
		} else {
			gone = append(gone, id)
		}
	}
	text := fmt.Sprintf("%d before, %d kept, %d gone, %d new", len(s.Last.Sessions), kept,
		len(gone), len(now.Sessions)-kept)
	if now.Owners {
		text += "; only of those with ephemeral znodes"
	}
	if len(gone) == 0 {
		return Answer{Good, "sessions", text, ""}
	}
	return judgeGone(text, gone, s.expired(step, now), e.EndsExpected)
}

// judgeGone decides about sessions that are gone, and so many of which have expired since.
func judgeGone(text string, gone []string, expired int64, expected bool) Answer {
	shown := gone[:min(len(gone), sessionsShown)]
	text += ": " + strings.Join(shown, " ")
	if len(shown) < len(gone) {
		text += " and others"
	}
	switch {
	case expired == 0:
		return Answer{Good, "sessions", text + "; none expired, their clients closed them", ""}
	case expected:
		return Answer{Good, "sessions", text + "; as expected", ""}
	case expired < 0:
		text += "; nobody tells whether they expired or were closed"
	default:
		text += fmt.Sprintf("; since the last step %d expired", expired)
	}
	return Answer{Bad, "sessions", text, "ask the clients of these sessions whether they " +
		"were to end; if so, verify with --ends-expected. If not, a server was away for longer " +
		"than their timeout: be quicker with the next one"}
}

// expired counts the sessions that expired since the last record, -1 if a server that
// serves does not tell. Who was replaced since has begun to count anew.
func (s *State) expired(step int, now Record) int64 {
	total := int64(0)
	before, after := s.Kinds(s.Verified), s.Kinds(step)
	for i := range s.Servers {
		server := &s.Servers[i]
		count, told := now.Expired[server.Name()]
		if !told {
			return untold
		}
		was := s.Last.Expired[server.Name()]
		if was <= count && before[server.ID] == after[server.ID] {
			count -= was
		}
		total += count
	}
	return total
}
