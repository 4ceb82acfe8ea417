package broker

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// semver is a semantic version. Official clients fail to decode an answer that holds anything else where one belongs.
var semver = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// packageKey names SmartModules: NAME, GROUP/NAME or GROUP/NAME@VERSION
// (fluvio-controlplane-metadata/src/smartmodule/package.rs).
type packageKey struct{ group, name, version string }

func parsePackageKey(text string) (packageKey, error) {
	group, rest, grouped := strings.Cut(text, "/")
	if !grouped {
		return packageKey{name: text}, nil
	}
	name, version, versioned := strings.Cut(rest, "@")
	if versioned && !semver.MatchString(version) {
		return packageKey{}, fmt.Errorf("'%.80s' in '%.80s' is no semantic version", version, text)
	}
	return packageKey{group: group, name: name, version: version}, nil
}

// object is the name under which the package that k names is kept.
func (k packageKey) object() string {
	name := k.name
	if k.group != "" {
		name += "-" + k.group
	}
	if k.version != "" {
		name += "-" + k.version
	}
	return name
}

// names tells whether k names the SmartModule that is kept under name. One without a package goes by that name alone, one with a package
// by what the package says.
func (k packageKey) names(name string, meta *protocol.SmartModuleMetadata) bool {
	if meta == nil {
		return k.name == name
	}
	p := meta.Package
	return k.name == p.Name && (k.group == "" || k.group == p.Group) && (k.version == "" || k.version == p.Version)
}
