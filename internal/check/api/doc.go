// Package api keeps the exported API of the packages that other programs import in
// files that people read: api/NAME.txt at the root, one line for each thing that a
// program can write down, sorted. A change of an API is then a change of such a
// file, which whoever reviews it sees. It guarantees that nothing exported is
// missing from the lines; it does not judge whether a change breaks programs, and
// it does not follow embedded types of other packages.
//
//	var writeAPI = flag.Bool("api", false, "write the API's golden file as the code is now")
//
//	func TestTheAPIIsWrittenDown(t *testing.T) { api.Check(t, *writeAPI) }
package api
