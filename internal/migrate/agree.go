package migrate

import (
	"fmt"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/config"
)

// agreeOnServers compares the server.N lines. A server may call itself 0.0.0.0, as is
// done in containers, and who has a port for clients behind the semicolon may differ.
func agreeOnServers(members []Member) []Finding {
	var found []Finding
	have := map[zoo.ServerID]map[string][]string{}
	var ids []zoo.ServerID
	for i := range members {
		for _, s := range members[i].Servers() {
			if have[s.ID] == nil {
				have[s.ID] = map[string][]string{}
				ids = append(ids, s.ID)
			}
		}
	}
	for _, id := range ids {
		values := have[id]
		for i := range members {
			if text, counts := members[i].says(id); counts {
				values[text] = append(values[text], members[i].Name())
			}
		}
		if len(values) > 1 {
			found = append(found, Finding{SeverityProblem, nil, "",
				fmt.Sprintf("server.%d differs: %s", id, whoHas(values)),
				"make it the same in every zoo.cfg before the first step"})
		}
		if !given(members, id) {
			found = append(found, Finding{SeverityProblem, []string{strconv.Itoa(int(id))}, "",
				"its zoo.cfg was not given", "give the zoo.cfg of every server of the ensemble"})
		}
	}
	return found
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
