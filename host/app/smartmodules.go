package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/internal/fault"
)

// shownSmartModule is a SmartModule as JSON.
type shownSmartModule struct {
	SmartModule string                `json:"smartmodule"` // by which producers and consumers name it
	Name        string                `json:"name"`        // by which the cluster keeps it
	Size        int                   `json:"size"`        // bytes, compressed
	Package     *shownPackage         `json:"package"`
	Params      map[string]shownParam `json:"params,omitempty"`
}

type shownPackage struct {
	Name        string `json:"name"`
	Group       string `json:"group"`
	Version     string `json:"version"`
	APIVersion  string `json:"api_version"`
	Description string `json:"description"`
	License     string `json:"license"`
	Repository  string `json:"repository"`
	Public      bool   `json:"public"`
}

type shownParam struct {
	Description string `json:"description"`
	Optional    bool   `json:"optional"`
}

func showSmartModule(m admin.SmartModule) shownSmartModule {
	s := shownSmartModule{SmartModule: m.Key(), Name: m.Name, Size: m.Size, Params: map[string]shownParam{}}
	if m.Package != nil {
		p := shownPackage(*m.Package)
		s.Package = &p
	}
	for name, param := range m.Params {
		s.Params[name] = shownParam(param)
	}
	return s
}

var smartModuleColumns = []column[shownSmartModule]{
	{"SMARTMODULE", func(m shownSmartModule) string { return m.SmartModule }},
	{"COMPRESSED SIZE", func(m shownSmartModule) string { return strconv.Itoa(m.Size) }},
}

var smartModuleDetails = append(slices.Clone(smartModuleColumns),
	column[shownSmartModule]{"STORED AS", func(m shownSmartModule) string { return m.Name }},
	column[shownSmartModule]{"DESCRIPTION", func(m shownSmartModule) string { return m.packaged().Description }},
	column[shownSmartModule]{"API VERSION", func(m shownSmartModule) string { return m.packaged().APIVersion }},
	column[shownSmartModule]{"LICENSE", func(m shownSmartModule) string { return m.packaged().License }},
	column[shownSmartModule]{"REPOSITORY", func(m shownSmartModule) string { return m.packaged().Repository }},
	column[shownSmartModule]{"PARAMETERS", func(m shownSmartModule) string { return strings.Join(slices.Sorted(maps.Keys(m.Params)), ", ") }},
)

func (m shownSmartModule) packaged() shownPackage {
	if m.Package == nil {
		return shownPackage{}
	}
	return *m.Package
}

// CreateSmartModule uploads a wasm file, with a package's description where there is one.
func CreateSmartModule(ctx context.Context, c Cluster, name, file, packageFile string, out Output) error {
	wasm, err := os.ReadFile(file)
	if err != nil {
		return fault.InputError(err)
	}
	var config admin.SmartModuleConfig
	if packageFile != "" {
		if config, err = readPackage(packageFile); err != nil {
			return err
		}
	}
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		if err := a.CreateSmartModule(ctx, name, wasm, config); err != nil {
			return err
		}
		if config.Package == nil {
			return out.print(map[string]any{"smartmodule": name, "name": name, "bytes": len(wasm)}, "smartmodule %s created", name)
		}
		key := (&admin.SmartModule{Package: config.Package}).Key()
		stored, err := a.SmartModules(ctx, key) // the answer to the upload does not tell the name
		if err != nil {
			return err
		}
		for _, m := range stored {
			err = errors.Join(err, out.print(map[string]any{"smartmodule": key, "name": m.Name, "bytes": len(wasm)},
				"smartmodule %s created; the cluster keeps it as %s", key, m.Name))
		}
		return err
	})
}

// ListSmartModules lists SmartModules: all, or those that a name means.
func ListSmartModules(ctx context.Context, c Cluster, filter string, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		var names []string
		if filter != "" {
			names = []string{filter}
		}
		modules, err := a.SmartModules(ctx, names...)
		if err != nil && !(filter != "" && errors.Is(err, admin.ErrSmartModuleNotFound)) {
			return err
		}
		return printList(out, shown(modules, showSmartModule), smartModuleColumns)
	})
}

// DescribeSmartModule shows what is known of the SmartModules that a name means.
func DescribeSmartModule(ctx context.Context, c Cluster, name string, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		modules, err := a.SmartModules(ctx, name)
		if err != nil {
			return err
		}
		for _, m := range modules {
			if err := printDetail(out, showSmartModule(m), smartModuleDetails); err != nil {
				return err
			}
		}
		return nil
	})
}

// DownloadSmartModule writes a SmartModule's code to a file, which must not exist unless force is set. Without a file's name it takes
// the SmartModule's; "-" is the output, which then has the code alone.
func DownloadSmartModule(ctx context.Context, c Cluster, name, file string, force bool, out Output) error {
	if file == "-" && out.JSON {
		return fault.Inputf("--out - and --json: want one of them, since both are for the output")
	}
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		m, err := a.SmartModule(ctx, name)
		if err != nil {
			return err
		}
		if file == "" {
			file = path.Base("/"+m.Name) + ".wasm" // the name is the cluster's: it must not lead out of this folder
		}
		if file == "-" {
			_, err := out.W.Write(m.Wasm)
			return fault.EnvironmentError(err)
		}
		if _, err := os.Lstat(file); err == nil && !force {
			return fault.Inputf("%s exists already; --force replaces it, -o names another one", file)
		}
		if err := replaceFile(file, m.Wasm); err != nil {
			return err
		}
		return out.print(map[string]any{"smartmodule": m.Key(), "file": file, "bytes": len(m.Wasm)},
			"%s: smartmodule %s, %d bytes", file, m.Key(), len(m.Wasm))
	})
}

// DeleteSmartModules deletes SmartModules.
func DeleteSmartModules(ctx context.Context, c Cluster, d DeleteConfig, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		return d.each(func(name string) error {
			if err := a.DeleteSmartModule(ctx, name); err != nil {
				return withStoredNames(ctx, a, name, err)
			}
			return out.print(map[string]any{"smartmodule": name, "deleted": true}, "smartmodule %s deleted", name)
		})
	})
}

// withStoredNames adds to the error of a name that several SmartModules answer to the names by which the cluster keeps them: packages
// may have the same name, group and version.
func withStoredNames(ctx context.Context, a *admin.Admin, name string, err error) error {
	if !errors.Is(err, admin.ErrInvalidName) {
		return err
	}
	modules, failed := a.SmartModules(ctx, name)
	if failed != nil || len(modules) < 2 {
		return err
	}
	var stored []string
	for _, m := range modules {
		stored = append(stored, m.Name)
	}
	return fault.Inputf("SmartModule '%s': the cluster keeps %d that answer to it: %s; delete one by that name",
		name, len(stored), strings.Join(stored, ", "))
}

// packageSpec is a SmartModule.toml (fluvio-controlplane-metadata/src/smartmodule/package.rs).
type packageSpec struct {
	Package struct {
		Name        string `toml:"name"`
		Group       string `toml:"group"`
		Version     string `toml:"version"`
		APIVersion  string `toml:"apiVersion"`
		Description string `toml:"description"`
		License     string `toml:"license"`
		Repository  string `toml:"repository"`
		Visibility  string `toml:"visibility"`
	} `toml:"package"`
	Params []struct {
		Name        string `toml:"name"`
		Description string `toml:"description"`
		Optional    bool   `toml:"optional"`
	} `toml:"params"`
}

func readPackage(file string) (c admin.SmartModuleConfig, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return c, fault.InputError(err)
	}
	var spec packageSpec
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&spec); err != nil {
		return c, fault.Inputf("%s: %w", file, describeTOML(err))
	}
	p := spec.Package
	if !slices.Contains([]string{"", "private", "public"}, p.Visibility) {
		return c, fault.Inputf("%s: visibility '%s': want private or public", file, p.Visibility)
	}
	c.Package = &admin.SmartModulePackage{
		Name: p.Name, Group: p.Group, Version: p.Version, APIVersion: p.APIVersion,
		Description: p.Description, License: p.License, Repository: p.Repository, Public: p.Visibility == "public",
	}
	c.Params = make(map[string]admin.SmartModuleParam, len(spec.Params))
	for _, param := range spec.Params {
		if _, twice := c.Params[param.Name]; twice || param.Name == "" {
			return c, fault.Inputf("%s: parameter '%s': want a name, and each once", file, param.Name)
		}
		c.Params[param.Name] = admin.SmartModuleParam{Description: param.Description, Optional: param.Optional}
	}
	return c, nil
}

// describeTOML adds the line, or which keys are not known.
func describeTOML(err error) error {
	var strict *toml.StrictMissingError
	var decode *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		row, _ := strict.Errors[0].Position()
		return fmt.Errorf("line %d: unknown key %s", row, strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &decode):
		row, _ := decode.Position()
		return fmt.Errorf("line %d: %w", row, err)
	}
	return err
}
