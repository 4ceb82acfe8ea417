package admin

import (
	"context"
	"fmt"
	"iter"
	"net"
	"strconv"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// SPU is a server that holds partitions.
type SPU struct {
	ID              int32
	Name            string
	Type            string // Managed or Custom
	PublicEndpoint  string // HOST:PORT for clients
	LocalEndpoint   string // HOST:PORT for clients in the SPU's own network whose profile says so; empty: none
	PrivateEndpoint string // HOST:PORT for other SPUs
	Rack            string
	Status          string // Online, Offline or Init
}

// CustomSPU is an SPU that the cluster does not start itself.
type CustomSPU struct {
	ID              int32  // from 0
	Name            string // empty: custom-spu-ID
	PublicEndpoint  string // HOST:PORT for clients
	LocalEndpoint   string // HOST:PORT for clients in the SPU's own network; may be empty
	PrivateEndpoint string // HOST:PORT for other SPUs
	Rack            string // may be empty
}

// SPUs lists the SPUs by name.
func (a *Admin) SPUs(ctx context.Context) ([]SPU, error) {
	listed, err := a.list(ctx, &protocol.ListRequest{Kind: protocol.KindSpu})
	if err != nil {
		return nil, err
	}
	spus := make([]SPU, len(listed))
	for i := range listed {
		spus[i] = newSPU(&listed[i])
	}
	return spus, nil
}

// WatchSPUs watches the SPUs; see Change.
func (a *Admin) WatchSPUs(ctx context.Context) iter.Seq2[Change[SPU], error] {
	return watch(ctx, a, protocol.KindSpu, func(object *protocol.Metadata) (SPU, bool) { return newSPU(object), true })
}

// RegisterSPU tells the cluster of an SPU, which then may connect. It wraps ErrSPUExists, ErrInvalidConfig or ErrPermission.
func (a *Admin) RegisterSPU(ctx context.Context, s CustomSPU) error {
	if s.Name == "" {
		s.Name = fmt.Sprintf("custom-spu-%d", s.ID)
	}
	spec, err := s.spec()
	if err != nil {
		return fmt.Errorf("register SPU '%s': %w", s.Name, err)
	}
	return a.change(ctx, "register SPU", s.Name, &protocol.CreateRequest{Kind: protocol.KindCustomSpu, Name: s.Name, Spec: spec})
}

// UnregisterSPU makes the cluster forget a custom SPU. It wraps ErrSPUNotFound, ErrInvalidConfig, where the cluster runs the SPU
// itself, or ErrPermission.
func (a *Admin) UnregisterSPU(ctx context.Context, name string) error {
	return a.change(ctx, "unregister SPU", name, &protocol.DeleteRequest{Kind: protocol.KindCustomSpu, Object: protocol.ObjectKey{Name: name}})
}

// UnregisterSPUByID is UnregisterSPU of the SPU with an id.
func (a *Admin) UnregisterSPUByID(ctx context.Context, id int32) error {
	return a.change(ctx, "unregister SPU", strconv.Itoa(int(id)), &protocol.DeleteRequest{
		Kind: protocol.KindCustomSpu, Object: protocol.ObjectKey{ID: id, ByID: true},
	})
}

func (s *CustomSPU) spec() (*protocol.CustomSpuSpec, error) {
	if s.ID < 0 {
		return nil, fmt.Errorf("%w: id %d: want 0 or more", ErrInvalidConfig, s.ID)
	}
	public, err := endpoint("public endpoint", s.PublicEndpoint)
	if err != nil {
		return nil, err
	}
	private, err := endpoint("private endpoint", s.PrivateEndpoint)
	if err != nil {
		return nil, err
	}
	// A name even if it is an address, as Fluvio's own command line does it (fluvio-controlplane-metadata/src/spu/spec.rs).
	spec := &protocol.CustomSpuSpec{
		ID:              s.ID,
		PublicEndpoint:  protocol.IngressPort{Port: public.Port, Ingress: []protocol.IngressAddr{{Hostname: &public.Host}}},
		PrivateEndpoint: private,
	}
	if s.LocalEndpoint != "" {
		local, err := endpoint("local endpoint", s.LocalEndpoint)
		if err != nil {
			return nil, err
		}
		spec.PublicEndpointLocal = &local
	}
	if s.Rack != "" {
		spec.Rack = &s.Rack
	}
	return spec, nil
}

func endpoint(what, address string) (e protocol.Endpoint, err error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		var number uint64
		number, err = strconv.ParseUint(port, 10, 16)
		e = protocol.Endpoint{Host: host, Port: uint16(number)}
	}
	if err != nil || host == "" {
		return e, fmt.Errorf("%w: %s '%s': want HOST:PORT", ErrInvalidConfig, what, address)
	}
	return e, nil
}

func newSPU(object *protocol.Metadata) SPU {
	s := SPU{Name: object.Name}
	if spec, ok := object.Spec.(*protocol.SpuSpec); ok {
		s.ID, s.Type, s.PublicEndpoint = spec.ID, spec.SpuType.String(), objects.Address(&spec.PublicEndpoint)
		s.PrivateEndpoint = address(&spec.PrivateEndpoint)
		if spec.PublicEndpointLocal != nil {
			s.LocalEndpoint = address(spec.PublicEndpointLocal)
		}
		if spec.Rack != nil {
			s.Rack = *spec.Rack
		}
	}
	if status, ok := object.Status.(*protocol.SpuStatus); ok {
		s.Status = status.Resolution.String()
	}
	return s
}

func address(e *protocol.Endpoint) string { return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port))) }
