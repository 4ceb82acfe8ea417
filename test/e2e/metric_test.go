package e2e

import (
	"bufio"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var metricsLine = regexp.MustCompile(`metrics=([0-9.:]+)`)

// metric is the sum of a metric's series that a run with --metrics serves; 0 where it serves none.
func (p *process) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	at := metricsLine.FindStringSubmatch(p.talk())
	if at == nil {
		return 0
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+at[1]+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return 0 // not yet
	}
	defer answer.Body.Close()
	for in := bufio.NewScanner(answer.Body); in.Scan(); {
		series, value, _ := strings.Cut(in.Text(), " ")
		if before, _, _ := strings.Cut(series, "{"); before != name {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", in.Text(), err)
		}
		sum += v
	}
	return sum
}
