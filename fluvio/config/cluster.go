package config

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Cluster is how to reach a cluster.
type Cluster struct {
	Profile  string // the profile that chose it
	Name     string
	Endpoint string // HOST:PORT of the SC
	// UseSPULocalAddress asks for the address that SPUs publish for clients in their own network, where they publish one.
	UseSPULocalAddress bool
	// TLS is nil for plain TCP. Its ServerName is the SC's; an SPU's name and a dot go in front of it for the SPU. Where it is
	// empty the host that is dialled is used.
	TLS *tls.Config
}

// Cluster returns the cluster of a profile, with its certificates read; an empty name means the current profile. It wraps
// ErrNoActiveProfile, ErrUnknownProfile, ErrUnknownCluster, ErrNoEndpoint or ErrTLS.
func (f *File) Cluster(name string) (Cluster, error) {
	if name == "" {
		name = f.content.CurrentProfile
	}
	if name == "" {
		if len(f.content.Profile) == 0 {
			return Cluster{}, fmt.Errorf("%w in %s, which has no profile at all: add one, or name the cluster's endpoint", ErrNoActiveProfile, f.path)
		}
		return Cluster{}, fmt.Errorf("%w in %s: set current_profile, or name one of %s", ErrNoActiveProfile, f.path, names(f.content.Profile))
	}
	p, ok := f.content.Profile[name]
	if !ok {
		return Cluster{}, fmt.Errorf("%w '%s': %s has %s", ErrUnknownProfile, name, f.path, names(f.content.Profile))
	}
	c, ok := f.content.Cluster[p.Cluster]
	if !ok {
		return Cluster{}, fmt.Errorf("%w '%s' of profile '%s': %s has %s", ErrUnknownCluster, p.Cluster, name, f.path, names(f.content.Cluster))
	}
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = c.Addr
	}
	if endpoint == "" {
		return Cluster{}, fmt.Errorf("%w: set cluster.%s.endpoint in %s", ErrNoEndpoint, p.Cluster, f.path)
	}
	conf, err := c.TLS.config()
	if err != nil {
		return Cluster{}, fmt.Errorf("cluster '%s' in %s: %w", p.Cluster, f.path, err)
	}
	return Cluster{Profile: name, Name: p.Cluster, Endpoint: endpoint, UseSPULocalAddress: c.UseSPULocalAddress, TLS: conf}, nil
}

// names lists the keys of a table for an error.
func names[V any](table map[string]V) string {
	if len(table) == 0 {
		return "none"
	}
	return "'" + strings.Join(slices.Sorted(maps.Keys(table)), "', '") + "'"
}
