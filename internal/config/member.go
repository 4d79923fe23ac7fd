package config

import (
	"zoo"
	"zoo/internal/core/quorum"
)

// Address is one place where a server's quorum and election ports are.
type Address = quorum.Address

// Server is one server.N line.
type Server = quorum.Server

// ParseServer reads the value of server.id.
func ParseServer(id zoo.ServerID, value string) (Server, error) {
	return quorum.ParseServer(id, value)
}
