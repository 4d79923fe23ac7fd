package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/config"
)

// agreeOnServers compares the server.N lines. A server may call itself 0.0.0.0, as is
// done in containers, and who has a port for clients behind the semicolon may differ.
func agreeOnServers(members []Member) []Finding {
	var found []Finding
	for _, id := range listedIDs(members) {
		if have := differing(members, id); have != "" {
			found = append(found, Finding{SeverityProblem, nil, "",
				fmt.Sprintf("server.%d differs: %s", id, have),
				"make it the same in every zoo.cfg before the first step"})
		}
		if !given(members, id) {
			found = append(found, Finding{SeverityProblem, []string{strconv.Itoa(int(id))}, "",
				"its zoo.cfg was not given", "give the zoo.cfg of every server of the ensemble"})
		}
	}
	return found
}

// listedIDs are all servers that anybody has a line of, in the order in which they come.
func listedIDs(members []Member) []zoo.ServerID {
	var ids []zoo.ServerID
	for i := range members {
		for _, s := range members[i].Servers() {
			if !slices.Contains(ids, s.ID) {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}

// differing names the lines of a server with those that have them, if there are several.
func differing(members []Member, id zoo.ServerID) string {
	have := map[string][]string{}
	for i := range members {
		if text, counts := members[i].says(id); counts {
			have[text] = append(have[text], members[i].Name())
		}
	}
	if len(have) < 2 {
		return ""
	}
	return whoHas(have)
}

func given(members []Member, id zoo.ServerID) bool {
	for i := range members {
		// Whoever is not known by its number may be the one.
		if members[i].ID == id || members[i].ID == 0 {
			return true
		}
	}
	return members[0].Config != nil && members[0].Config.Standalone()
}

// says is a member's line about a server, without what may differ; counts is whether it
// takes part in the comparison.
func (m *Member) says(id zoo.ServerID) (text string, counts bool) {
	for _, s := range m.Servers() {
		if s.ID != id {
			continue
		}
		s.ClientHost, s.ClientPort = "", 0
		if m.ID == id && wild(s) {
			return "", false
		}
		return s.String(), true
	}
	return "", true
}

func wild(s config.Server) bool {
	for _, a := range s.Addresses {
		if everywhere(strings.Trim(a.Host, "[]")) {
			return true
		}
	}
	return false
}
