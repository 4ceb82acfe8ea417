package connectortest

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
)

// CheckOptions holds a connector's description of a role's options against what Configure takes. tables are options of good
// tables, by key, which together have Configure ask for every option there is.
func CheckOptions(t *testing.T, c connector.Connector, role connector.Role, tables ...map[string]string) {
	t.Helper()
	description := c.Describe()
	if description.Summary == "" || len(description.Deliveries) == 0 && slices.Contains(c.Roles(), connector.RoleSink) {
		t.Errorf("%s does not say what it is: %+v", c.Name(), description)
	}
	CheckSpecs(t, description.Options(role), func(bag *option.Bag) (any, error) { return c.Configure(role, bag) }, tables...)
}

// CheckSpecs holds descriptions of options against who takes them out of a bag: both know the same options, the required ones
// are required, the defaults are what is taken for granted, each word is accepted in one of the tables, and what is no value is
// refused. tables are as for CheckOptions.
func CheckSpecs(t *testing.T, specs []option.Spec, take func(*option.Bag) (any, error), tables ...map[string]string) {
	t.Helper()
	try := func(table map[string]string, key, value string) (any, []string, error) {
		bag := option.New(option.Pos{})
		for k, v := range table {
			if k != key {
				_ = bag.Set(k, option.Pos{}, option.Value{Text: v, Quoted: true}) // keys of a map are distinct
			}
		}
		if value != "" {
			_ = bag.Set(key, option.Pos{}, option.Value{Text: value, Quoted: true})
		}
		got, err := take(bag)
		return got, bag.Known(), errors.Join(err, bag.Done())
	}
	var known, accepted []string
	for _, table := range tables {
		plain, asked, err := try(table, "", "")
		if err != nil {
			t.Errorf("%v: %v", table, err)
		}
		known = append(known, asked...)
		for _, s := range specs {
			if !slices.Contains(asked, s.Key) {
				continue
			}
			if _, set := table[s.Key]; !set && s.Default != "" {
				if got, _, err := try(table, s.Key, s.Default); err != nil || !reflect.DeepEqual(got, plain) {
					t.Errorf("%v: %s = '%s' is not the default: %v", table, s.Key, s.Default, err)
				}
			}
			for _, value := range s.Values {
				if _, _, err := try(table, s.Key, value); err == nil {
					accepted = append(accepted, s.Key+" = "+value)
				}
			}
			if _, _, err := try(table, s.Key, "not\x00one"); err == nil && s.Type != option.Text {
				t.Errorf("%v: %s is no %s", table, s.Key, s.Type)
			}
			if _, _, err := try(table, s.Key, ""); s.Required && err == nil {
				t.Errorf("%v: %s is not required", table, s.Key)
			}
		}
	}
	var described []string
	for _, s := range specs {
		described = append(described, s.Key)
		if s.Help == "" {
			t.Errorf("%s has no description", s.Key)
		}
		for _, value := range s.Values {
			if !slices.Contains(accepted, s.Key+" = "+value) {
				t.Errorf("%s = '%s' is accepted in no table", s.Key, value)
			}
		}
	}
	for _, keys := range []*[]string{&known, &described} {
		slices.Sort(*keys)
		*keys = slices.Compact(*keys)
	}
	if !slices.Equal(known, described) {
		t.Errorf("taken are\n%q, described\n%q", known, described)
	}
}
