package browser

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"zoo"
)

// refusal is an error that has a status code of HTTP.
type refusal struct {
	status int
	text   string
}

// Error is the text.
func (r *refusal) Error() string { return r.text }

func badRequest(text string) error { return &refusal{http.StatusBadRequest, text} }

// meaning is what an answer of the server is to HTTP, and to a person.
type meaning struct {
	status int
	text   string
}

var meanings = map[zoo.Code]meaning{
	zoo.CodeNoNode:       {http.StatusNotFound, "there is no such znode"},
	zoo.CodeNoAuth:       {http.StatusForbidden, "the ACL does not allow it"},
	zoo.CodeBadVersion:   {http.StatusConflict, "somebody has changed the znode meanwhile"},
	zoo.CodeNodeExists:   {http.StatusConflict, "there is such a znode already"},
	zoo.CodeNotEmpty:     {http.StatusConflict, "the znode has children"},
	zoo.CodeBadArguments: {http.StatusBadRequest, "the server does not take this"},
	zoo.CodeInvalidACL:   {http.StatusBadRequest, "the ACL is not valid"},
	zoo.CodeAuthFailed:   {http.StatusForbidden, "the server does not take this user"},
	zoo.CodeUnimplemented: {http.StatusNotImplemented, "the server does not know this " +
		"operation; a time to live needs zookeeper.extendedTypesEnabled"},
	zoo.CodeNoChildrenForEphemerals: {http.StatusConflict, "ephemeral znodes have no children"},
	zoo.CodeQuotaExceeded:           {http.StatusConflict, "a quota is used up"},
	zoo.CodeNotReadOnly: {http.StatusServiceUnavailable,
		"the server has lost its ensemble and only reads"},
	zoo.CodeConnectionLoss: {http.StatusServiceUnavailable, "the server does not serve now"},
	zoo.CodeSessionExpired: {http.StatusServiceUnavailable, "the session has ended; try again"},
	zoo.CodeOperationTimeout: {http.StatusServiceUnavailable,
		"the server has not answered in time"},
	zoo.CodeThrottledOp: {http.StatusTooManyRequests, "the server has too much to do"},
}

// problem is an answer that is an error.
type problem struct {
	Error string `json:"error"`
	// Code is the protocol's, 0 for none.
	Code zoo.Code `json:"code"`
}

// explain gives the status of an error and what it says.
func explain(err error) (int, problem) {
	var own *refusal
	if errors.As(err, &own) {
		return own.status, problem{Error: own.text}
	}
	var code zoo.Code
	if errors.As(err, &code) {
		if m, known := meanings[code]; known {
			return m.status, problem{m.text, code}
		}
		return http.StatusBadGateway, problem{code.Error(), code}
	}
	return http.StatusInternalServerError, problem{Error: err.Error()}
}

// Refuse answers that a question is not answered.
func Refuse(w http.ResponseWriter, status int, text string) {
	sendError(w, &refusal{status, text})
}

func sendError(w http.ResponseWriter, err error) {
	status, told := explain(err)
	send(w, status, told)
}

// send answers. What is shown of a znode is for nobody's cache.
func send(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone, or it is not
}

func saysJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}
