package app

import (
	"encoding/json"
	"net/http"

	"github.com/weir-stream/weir/host/pipeline"
)

// rejectedRows is what /rejected says of a pipeline.
type rejectedRows struct {
	Pipeline string                 `json:"pipeline"`
	Rejected int64                  `json:"rejected"` // in all
	BadData  map[string]int64       `json:"bad_data"` // frames that could not be decoded, by code
	Refused  map[string]int64       `json:"refused"`  // rows that a module rejected, by code
	Poison   map[string]int64       `json:"poison"`   // rows that a module failed on alone, by code
	Recent   []pipeline.RejectedRow `json:"recent"`   // the last pipeline.MostRecent, the oldest first, without their bytes
}

// serveRejected answers with what was rejected, and why, for people to look at.
func (w *watchedRun) serveRejected(out http.ResponseWriter, _ *http.Request) {
	all := []rejectedRows{}
	for _, p := range w.pipelines {
		s := p.stats
		all = append(all, rejectedRows{p.name, s.Rejected.Load(), s.BadData.All(), s.Refused.All(), s.Poison.All(), s.Recent.All()})
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(out).Encode(all) // whoever asked may be gone
}
