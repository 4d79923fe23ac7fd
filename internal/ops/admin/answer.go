package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// answer is what a command has to say: an object whose fields keep their order,
// and the status code, 0 for 200.
type answer struct {
	fields []field
	error  string
	status int
}

type field struct {
	name  string
	value any
}

// with adds a field.
func (a answer) with(name string, value any) answer {
	a.fields = append(a.fields, field{name, value})
	return a
}

// failed is an answer that is an error.
func failed(status int, text string) answer { return answer{error: text, status: status} }

// encode writes the answer as Java's server does: the fields in their order, then
// the name of the command and its error, null if there is none.
func (a answer) encode(command string) ([]byte, error) {
	var problem any
	if a.error != "" {
		problem = a.error
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range append(a.fields[:len(a.fields):len(a.fields)],
		field{"command", command}, field{"error", problem}) {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	var indented bytes.Buffer
	err := json.Indent(&indented, b.Bytes(), "", "  ")
	indented.WriteByte('\n')
	return indented.Bytes(), err
}

// send answers a request.
func (a answer) send(w http.ResponseWriter, command string) {
	text, err := a.encode(command)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(text) // the client is gone, or it is not
}
