package command

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestExplainingNeedsNoStateFolder explains a file whose run needs one.
func TestExplainingNeedsNoStateFolder(t *testing.T) {
	for delivery, refused := range map[string]string{"exactly_once": "", "at_most_once": "", "exactly_twice": "exactly_twice"} {
		file := filepath.Join(t.TempDir(), "copy.sql")
		sql := `CREATE TABLE i (n BIGINT) WITH (connector = 'fluvio', topic = 'i', type = 'source', format = 'json');
CREATE TABLE o (n BIGINT) WITH (connector = 'fluvio', topic = 'o', type = 'sink', format = 'json', delivery = '` + delivery + `');
INSERT INTO o SELECT n FROM i;
`
		if err := os.WriteFile(file, []byte(sql), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := weir("run", file, "--explain", "--endpoint", "127.0.0.1:1")
		if refused == "" && (code != 0 || out == "") || refused != "" && (code != 2 || !strings.Contains(errs, refused)) {
			t.Errorf("%s: code %d, %q, %q", delivery, code, out, errs)
		}
		code, _, errs = weir("run", file, "--endpoint", "127.0.0.1:1", "--retry-budget", "0s")
		if want := "--state"; refused == "" && (code != 2 || !strings.Contains(errs, want)) {
			t.Errorf("%s without explaining: code %d, %q", delivery, code, errs)
		}
	}
}

func TestDurationsInTheLogAreText(t *testing.T) {
	for format, want := range map[string]string{"json": `"checkpoint_interval":"1s"`, "text": "checkpoint_interval=1s"} {
		var errs bytes.Buffer
		sh := &shell{err: &errs, logFormat: format, logLevel: "info"}
		if err := sh.setLog(); err != nil {
			t.Fatal(err)
		}
		sh.log.With("wait", time.Minute).Info("x", "checkpoint_interval", time.Second, slog.Group("g", "took", 1500*time.Microsecond), "n", 7)
		for _, want := range []string{want, "1m0s", "1.5ms"} {
			if !strings.Contains(errs.String(), want) {
				t.Errorf("%s does not say %s", errs.String(), want)
			}
		}
	}
}
