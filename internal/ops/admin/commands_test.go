package admin

import (
	"testing"

	"zoo/internal/ops/command"
)

func TestEveryCommandOfTheTableHasAnAnswer(t *testing.T) {
	served := command.Served()
	for _, c := range served {
		if runs[c.Name] == nil {
			t.Errorf("%s is in the table, and nobody answers it", c.Name)
		}
	}
	if len(served) != len(runs) {
		t.Errorf("%d commands have an answer, %d are in the table", len(runs), len(served))
	}
}
