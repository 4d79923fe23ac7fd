package zootest_test

import (
	"flag"
	"testing"

	"zoo/internal/check/api"
)

var writeAPI = flag.Bool("api", false, "write the API's golden file as the code is now")

func TestTheAPIIsWrittenDown(t *testing.T) { api.Check(t, *writeAPI) }
