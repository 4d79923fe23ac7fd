package zoo

import (
	"flag"
	"testing"

	"zoo/internal/check/api"
)

var writeAPI = flag.Bool("api", false, "write api/zoo.txt as the code is now")

func TestTheAPIIsWrittenDown(t *testing.T) { api.Check(t, *writeAPI) }
