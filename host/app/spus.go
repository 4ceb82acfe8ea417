package app

import (
	"context"
	"slices"
	"strconv"

	"github.com/weir-stream/weir/fluvio/admin"
)

// shownSPU is an SPU as JSON.
type shownSPU struct {
	ID              int32  `json:"id"`
	Name            string `json:"name"`
	Status          string `json:"status"`
	Type            string `json:"type"`
	Rack            string `json:"rack"`
	PublicEndpoint  string `json:"public_endpoint"`
	LocalEndpoint   string `json:"local_endpoint"`
	PrivateEndpoint string `json:"private_endpoint"`
}

func showSPU(s admin.SPU) shownSPU {
	return shownSPU{s.ID, s.Name, s.Status, s.Type, s.Rack, s.PublicEndpoint, s.LocalEndpoint, s.PrivateEndpoint}
}

var spuColumns = []column[shownSPU]{
	{"ID", func(s shownSPU) string { return strconv.Itoa(int(s.ID)) }},
	{"NAME", func(s shownSPU) string { return s.Name }},
	{"STATUS", func(s shownSPU) string { return s.Status }},
	{"TYPE", func(s shownSPU) string { return s.Type }},
	{"RACK", func(s shownSPU) string { return s.Rack }},
	{"PUBLIC", func(s shownSPU) string { return s.PublicEndpoint }},
	{"LOCAL", func(s shownSPU) string { return s.LocalEndpoint }},
	{"PRIVATE", func(s shownSPU) string { return s.PrivateEndpoint }},
}

// ListSPUs lists SPUs: all, or those that the cluster does not start itself.
func ListSPUs(ctx context.Context, c Cluster, custom bool, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		spus, err := a.SPUs(ctx)
		if err != nil {
			return err
		}
		if custom {
			spus = slices.DeleteFunc(spus, func(s admin.SPU) bool { return s.Type != "Custom" })
		}
		return printList(out, shown(spus, showSPU), spuColumns)
	})
}

// RegisterSPU tells the cluster of an SPU that it does not start itself.
func RegisterSPU(ctx context.Context, c Cluster, s admin.CustomSPU, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		if err := a.RegisterSPU(ctx, s); err != nil {
			return err
		}
		return out.print(map[string]any{"id": s.ID, "registered": true}, "SPU %d registered", s.ID)
	})
}

// UnregisterSPU makes the cluster forget a custom SPU, by its name or else by its id.
func UnregisterSPU(ctx context.Context, c Cluster, name string, id int32, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		if name != "" {
			if err := a.UnregisterSPU(ctx, name); err != nil {
				return err
			}
			return out.print(map[string]any{"name": name, "unregistered": true}, "SPU %s unregistered", name)
		}
		if err := a.UnregisterSPUByID(ctx, id); err != nil {
			return err
		}
		return out.print(map[string]any{"id": id, "unregistered": true}, "SPU %d unregistered", id)
	})
}
