//go:build unix

package app

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-stream/weir/host/config"
)

// TestFilesThatConfigurationsNameAreRegular names a pipe that nobody writes to, a device without an end and a folder, wherever a file can be named.
func TestFilesThatConfigurationsNameAreRegular(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	const table = "CREATE TABLE t (a BIGINT) WITH (connector = 'fluvio', topic = 't', type = 'source', %s);\n" +
		"CREATE TABLE u (a BIGINT) WITH (connector = 'fluvio', topic = 'u', type = 'sink', format = 'json');\nINSERT INTO u SELECT a FROM t"
	const registry = "format = '%s', '%[1]s.registry' = 'https://localhost:1', '%[1]s.registry.ca_file' = 'FILE'"
	for _, statement := range []string{
		"CREATE FUNCTION f LANGUAGE wasm AS 'FILE'",
		fmt.Sprintf(table, "format = 'avro', 'avro.schema_file' = 'FILE'"),
		fmt.Sprintf(table, `format = 'avro', 'avro.schema' = '"long"', 'avro.reader_schema_file' = 'FILE'`),
		fmt.Sprintf(table, "format = 'json', 'json.schema_file' = 'FILE'"),
		fmt.Sprintf(table, "format = 'protobuf', 'protobuf.file' = 'FILE'"),
		fmt.Sprintf(table, "format = 'protobuf', 'protobuf.descriptor_set' = 'FILE'"),
		fmt.Sprintf(table, fmt.Sprintf(registry, "avro")),
		fmt.Sprintf(table, fmt.Sprintf(registry, "json")),
		fmt.Sprintf(table, fmt.Sprintf(registry, "protobuf")),
	} {
		for file, want := range map[string]string{pipe: "no regular file", "/dev/zero": "no regular file", folder: "folder"} {
			said := make(chan string, 1)
			go func() {
				cfg, err := config.Parse(filepath.Join(folder, "run.sql"), []byte(strings.ReplaceAll(statement, "FILE", file)), nil)
				if err != nil {
					said <- "not parsed: " + err.Error()
					return
				}
				_, closePlans, err := newPlanner(nil, nil, slog.New(slog.DiscardHandler)).plan(t.Context(), cfg)
				if err == nil {
					closePlans()
				}
				said <- fmt.Sprint(err)
			}()
			select {
			case got := <-said:
				if !strings.Contains(got, want) {
					t.Errorf("%s, %s: %s", statement, file, got)
				}
			case <-time.After(5 * time.Second):
				t.Errorf("%s, %s: nothing is said", statement, file)
			}
		}
	}
}
