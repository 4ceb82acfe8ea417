package abi

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/weir-stream/weir/host/ipc/ipctest"
	"github.com/weir-stream/weir/host/types"
)

func TestTypesAreReadAsTheyAreSpelled(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		dt := ipctest.Any(random.IntN(6), random.IntN)
		name := types.Name(dt)
		got, err := parseType(name)
		if strings.Contains(name, "fixed_size_binary") { // which has no name in SQL
			if err == nil {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		if err != nil || !arrow.TypeEqual(got, dt) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for text, want := range map[string]string{
		"NUMERIC": "DECIMAL(38, 10)", "DECIMAL(5)": "DECIMAL(5, 0)", "TIMESTAMPTZ(3)": "TIMESTAMP(3) WITH TIME ZONE", "TIMESTAMP(9)": "TIMESTAMP",
		"  STRUCT < a  BIGINT UNSIGNED NOT  NULL,\"b \"\"c\"  ARRAY<TEXT >> [ ]": `STRUCT<a BIGINT UNSIGNED NOT NULL, "b ""c" TEXT[]>[]`,
	} {
		if got, err := parseType(text); err != nil || types.Name(got) != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestWrongTypesAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "bigint", "BIGINT NULL", "BIGINT NOT NULL", "BIGINT[", "BIGINT[]]", "BIGINT)", "DECIMAL(0)", "DECIMAL(39)", "DECIMAL(3,4)", "DECIMAL(1,1,1)",
		"DECIMAL()", "DECIMAL(x)", "DECIMAL(99999999999999999999)", "TIME(1)", "TIME(3,0)", "TIMESTAMP(3", "INT(4)", "DICTIONARY<TEXT>", "STRUCT<>",
		"STRUCT<a>",
		"STRUCT<a BIGINT", "STRUCT<a BIGINT, a TEXT>", "STRUCT<\"a BIGINT>", "STRUCT<\"\" BIGINT>", "STRUCT<é BIGINT>", "MAP<TEXT>", "MAP<TEXT, TEXT",
		"MAP<DOUBLE, TEXT>", "MAP<TEXT NOT NULL, TEXT>", "ARRAY<>", "ARRAY<TEXT", "\xff",
		strings.Repeat("ARRAY<", 40) + "TEXT" + strings.Repeat(">", 40),
		"TEXT" + strings.Repeat("[]", 40), "STRUCT<" + strings.Repeat("a BIGINT,", 5000) + "b TEXT>",
	} {
		if got, err := parseType(text); err == nil {
			t.Errorf("%.60s is taken for %s", text, got)
		}
	}
}

func FuzzParseType(f *testing.F) {
	for _, seed := range []string{"BIGINT", `STRUCT<a DECIMAL(3, 1) NOT NULL, "b c" MAP<TEXT, TIMESTAMP(3) WITH TIME ZONE>[]>`, "ARRAY<UUID NOT NULL>", `STRUCT<"" X`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dt, err := parseType(text)
		if err != nil {
			return
		}
		if again, err := parseType(types.Name(dt)); err != nil || !arrow.TypeEqual(again, dt) {
			t.Fatalf("%s: %v, %v", types.Name(dt), again, err)
		}
	})
}
