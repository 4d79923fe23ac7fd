package recipe_test

import (
	"flag"
	"testing"

	"zoo/internal/check/api"
)

var writeAPI = flag.Bool("api", false, "write api/client-recipe.txt as the code is now")

func TestTheAPIIsWrittenDown(t *testing.T) { api.Check(t, *writeAPI) }
