package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Verdict says what becomes of a setting.
type Verdict string

// The verdicts.
const (
	Honoured Verdict = "honoured"
	NoEffect Verdict = "no-effect"
)

// Setting is one that was given, with those servers that have it so.
type Setting struct {
	Verdict Verdict  `json:"verdict"`
	Servers []string `json:"servers"`
	Name    string   `json:"name"`
	Value   string   `json:"value"`
	// Origin is where the first of the servers has it.
	Origin string `json:"origin"`
	// Reason is why it has no effect, or else what it means.
	Reason string `json:"reason"`
}

// Settings are all that the members were given. What is the same on several servers is
// one of them. What is refused or unknown is among the findings of Check.
func Settings(members []Member) []Setting {
	var all []Setting
	index := map[[2]string]int{}
	for i := range members {
		for _, line := range members[i].Lines {
			if line.Default {
				continue
			}
			key := [2]string{line.Name, line.Value}
			at, known := index[key]
			if !known {
				at = len(all)
				index[key] = at
				s := Setting{Verdict: Honoured, Name: line.Name, Value: line.Value,
					Origin: line.Origin, Reason: line.Meaning}
				if line.NoEffect != "" {
					s.Verdict, s.Reason = NoEffect, line.NoEffect
				}
				all = append(all, s)
			}
			all[at].Servers = append(all[at].Servers, members[i].Name())
		}
	}
	return all
}

// Check finds what has no counterpart, and where the members do not agree.
func Check(members []Member) []Finding {
	var found []Finding
	for i := range members {
		found = append(found, members[i].check()...)
	}
	found = append(found, sameID(members)...)
	for _, name := range agreed(members) {
		found = append(found, agree(members, name)...)
	}
	found = append(found, agreeOnServers(members)...)
	return append(found, askable(members)...)
}

// check tells what zoo serve says to this configuration alone.
func (m *Member) check() []Finding {
	var found []Finding
	for _, text := range m.Refusals {
		found = append(found, Finding{SeverityProblem, []string{m.Name()}, "", text,
			"zoo serve does not start with it: change it, or leave this server to Java"})
	}
	for _, w := range m.Warnings {
		if strings.HasPrefix(w.Text, "has no effect: ") {
			continue // Settings has it
		}
		found = append(found, Finding{Severity: SeverityNote, Servers: []string{m.Name()},
			Text: w.String()})
	}
	return found
}

func sameID(members []Member) []Finding {
	var found []Finding
	files := map[string]string{}
	for i := range members {
		m := &members[i]
		if other, taken := files[m.Name()]; taken {
			found = append(found, Finding{SeverityProblem, []string{m.Name()}, m.File,
				"is the same server as " + other,
				"give each server's zoo.cfg once, as ID=FILE if its myid is elsewhere"})
		}
		files[m.Name()] = m.File
	}
	return found
}

// mustAgree are settings in which all servers should be alike, and why.
var mustAgree = map[string]string{
	"tickTime":                      "the limits and the session timeouts are counted in ticks",
	"initLimit":                     "whoever leads decides how long a learner may take to join",
	"syncLimit":                     "whoever leads decides how long a learner may be silent",
	"minSessionTimeout":             "a client that moves gets another timeout",
	"maxSessionTimeout":             "a client that moves gets another timeout",
	"localSessionsEnabled":          "whose sessions are global depends on the server",
	"localSessionsUpgradingEnabled": "whose sessions may become global depends on the server",
	"extendedTypesEnabled":          "what may be created depends on the leader",
	"enforceQuota":                  "what is refused depends on the leader",
	"skipACL":                       "what is allowed depends on the server",
	"digest.enabled":                "digests are not compared",
	"jute.maxbuffer":                "what one server accepts another may not be able to read",
	"standaloneEnabled":             "not all take themselves for members of an ensemble",
	"reconfigEnabled":               "who may change the ensemble depends on the leader",
}

// agreed are the names in which all should be alike: those of the table, and who counts.
func agreed(members []Member) []string {
	names := slices.Sorted(maps.Keys(mustAgree))
	for i := range members {
		for _, line := range members[i].Lines {
			counts := strings.HasPrefix(line.Name, "group.") ||
				strings.HasPrefix(line.Name, "weight.")
			if counts && line.Value != "" && !slices.Contains(names, line.Name) {
				names = append(names, line.Name)
			}
		}
	}
	return names
}

// agree finds a name with more than one value.
func agree(members []Member, name string) []Finding {
	have := valuesOf(members, name)
	if have == "" {
		return nil
	}
	f := Finding{Severity: SeverityWarning, Text: name + " differs: " + have,
		Advice: "make it the same everywhere first: " + mustAgree[name]}
	if mustAgree[name] == "" {
		f.Severity = SeverityProblem
		f.Advice = "make it the same everywhere first: the servers do not count alike who decides"
	}
	return []Finding{f}
}

// valuesOf names the values of a setting with those that have them, if there are several.
func valuesOf(members []Member, name string) string {
	have := map[string][]string{}
	for i := range members {
		value := members[i].line(name).Value
		have[value] = append(have[value], members[i].Name())
	}
	if len(have) < 2 {
		return ""
	}
	return whoHas(have)
}

// Difference is something in which servers should be alike, and are not.
type Difference struct {
	// Name is the setting, Have its values with the servers that have them.
	Name, Have string
	// Why is what follows from it; empty where it is about who decides.
	Why string
}

// Differences are those between configurations, server lines included.
func Differences(members []Member) []Difference {
	var found []Difference
	for _, name := range agreed(members) {
		if have := valuesOf(members, name); have != "" {
			found = append(found, Difference{name, have, mustAgree[name]})
		}
	}
	for _, id := range listedIDs(members) {
		if have := differing(members, id); have != "" {
			found = append(found, Difference{Name: fmt.Sprintf("server.%d", id), Have: have})
		}
	}
	return found
}

// whoHas names values with those that have them.
func whoHas(have map[string][]string) string {
	var parts []string
	for _, value := range slices.Sorted(maps.Keys(have)) {
		shown := value
		if shown == "" {
			shown = "(absent)"
		}
		parts = append(parts, fmt.Sprintf("%s on %s", shown, strings.Join(have[value], ",")))
	}
	return strings.Join(parts, "; ")
}

// wordsWanted are what verify asks, and what it cannot tell without.
var wordsWanted = []struct{ word, use string }{
	{"mntr", "whether learners are in sync, digests differ and sessions expired"},
	{"dump", "which sessions there are"},
}

// askable finds words that Java's server does not answer. Without a list it answers srvr.
func askable(members []Member) []Finding {
	var found []Finding
	for _, wanted := range wordsWanted {
		var silent []string
		for i := range members {
			if !members[i].answers(wanted.word) {
				silent = append(silent, members[i].Name())
			}
		}
		if len(silent) > 0 {
			found = append(found, Finding{SeverityWarning, silent, "",
				"4lw.commands.whitelist does not allow " + wanted.word + ": verify cannot tell " +
					wanted.use,
				"set 4lw.commands.whitelist=srvr,mntr,dump and restart Java's servers first"})
		}
	}
	return found
}

func (m *Member) answers(word string) bool {
	line := m.line("4lw.commands.whitelist")
	if line.Default {
		return false
	}
	for one := range strings.SplitSeq(line.Value, ",") {
		if one = strings.TrimSpace(one); one == "*" || one == word {
			return true
		}
	}
	return false
}
