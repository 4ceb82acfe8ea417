package admin_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// TestAnSPUIsRegisteredAsFluvioDoesIt compares with what Fluvio's own command line sent.
func TestAnSPUIsRegisteredAsFluvioDoesIt(t *testing.T) {
	ctx, f, a := newFake(t)
	f.serve(agree)
	err := a.RegisterSPU(ctx, admin.CustomSPU{ID: 5001, PublicEndpoint: "localhost:19010", PrivateEndpoint: "localhost:9011"})
	if err != nil {
		t.Fatal(err)
	}
	if want := recorded[*protocol.CreateRequest](t, "01-spu-register"); !reflect.DeepEqual(f.sent(), protocol.Request(want)) {
		t.Errorf("not as %+v", want)
	}
	err = a.RegisterSPU(ctx, admin.CustomSPU{ID: 1, Name: "n", PublicEndpoint: "[::1]:1", LocalEndpoint: "10.0.0.1:2", PrivateEndpoint: "p:3", Rack: "r"})
	if err != nil {
		t.Fatal(err)
	}
	want := &protocol.CustomSpuSpec{
		ID:                  1,
		PublicEndpoint:      protocol.IngressPort{Port: 1, Ingress: []protocol.IngressAddr{{Hostname: new("::1")}}},
		PublicEndpointLocal: &protocol.Endpoint{Port: 2, Host: "10.0.0.1"},
		PrivateEndpoint:     protocol.Endpoint{Port: 3, Host: "p"},
		Rack:                new("r"),
	}
	if got := f.sent().(*protocol.CreateRequest); got.Name != "n" || !reflect.DeepEqual(got.Spec, want) {
		t.Errorf("%+v", got)
	}
	if err := a.UnregisterSPU(ctx, "n"); err != nil || f.sent().(*protocol.DeleteRequest).Object != (protocol.ObjectKey{Name: "n"}) {
		t.Errorf("%v", err)
	}
	if err := a.UnregisterSPUByID(ctx, 7); err != nil || f.sent().(*protocol.DeleteRequest).Object != (protocol.ObjectKey{ID: 7, ByID: true}) {
		t.Errorf("%v", err)
	}
	for _, s := range []admin.CustomSPU{
		{ID: -1, PublicEndpoint: "a:1", PrivateEndpoint: "b:1"},
		{PublicEndpoint: "a", PrivateEndpoint: "b:1"},
		{PublicEndpoint: "a:1", PrivateEndpoint: ":1"},
		{PublicEndpoint: "a:1", PrivateEndpoint: "b:65536"},
		{PublicEndpoint: "a:1", PrivateEndpoint: "b:1", LocalEndpoint: "x"},
	} {
		if err := a.RegisterSPU(ctx, s); !errors.Is(err, admin.ErrInvalidConfig) || f.sent() != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestSPUsAreListedWithEverything(t *testing.T) {
	ctx, f, a := newFake(t)
	f.set(protocol.KindSpu,
		protocol.Metadata{Name: "b", Spec: &protocol.SpuSpec{ID: 2}},
		protocol.Metadata{Name: "a", Status: &protocol.SpuStatus{Resolution: protocol.SpuResolutionInit}, Spec: &protocol.SpuSpec{
			ID: 1, SpuType: protocol.SpuTypeCustom, Rack: new("r"),
			PublicEndpoint:      protocol.IngressPort{Port: 1, Ingress: []protocol.IngressAddr{{Hostname: new("h")}}},
			PrivateEndpoint:     protocol.Endpoint{Host: "p", Port: 2},
			PublicEndpointLocal: &protocol.Endpoint{Host: "l", Port: 3},
		}})
	spus, err := a.SPUs(ctx)
	if err != nil || len(spus) != 2 {
		t.Fatalf("%+v, %v", spus, err)
	}
	want := admin.SPU{ID: 1, Name: "a", Type: "Custom", PublicEndpoint: "h:1", LocalEndpoint: "l:3", PrivateEndpoint: "p:2", Rack: "r", Status: "Init"}
	if spus[0] != want || spus[1].Name != "b" || spus[1].PublicEndpoint != "" {
		t.Errorf("%+v", spus)
	}
}

// TestEveryRefusalHasASentinel answers with every code that the admin calls of a real SC give.
func TestEveryRefusalHasASentinel(t *testing.T) {
	ctx, f, a := newFake(t)
	for code, want := range map[protocol.ErrorCodeTag]error{
		protocol.ErrorCodePermissionDenied:                    admin.ErrPermission,
		protocol.ErrorCodeInvalidCreateRequest:                admin.ErrInvalidConfig,
		protocol.ErrorCodeInvalidDeleteRequest:                admin.ErrInvalidConfig,
		protocol.ErrorCodeTopicError:                          admin.ErrInvalidConfig,
		protocol.ErrorCodeTopicNotProvisioned:                 admin.ErrNotProvisioned,
		protocol.ErrorCodeTopicInvalidReplicaType:             admin.ErrTopicType,
		protocol.ErrorCodeSystemSpecUpdatingAttempt:           admin.ErrSystemTopic,
		protocol.ErrorCodeDeduplicationSmartModuleNotLoaded:   admin.ErrSmartModuleNotFound,
		protocol.ErrorCodeDeduplicationSmartModuleNameInvalid: admin.ErrInvalidName,
		protocol.ErrorCodeSpuAlreadyExists:                    admin.ErrSPUExists,
		protocol.ErrorCodeSpuNotFound:                         admin.ErrSPUNotFound,
		protocol.ErrorCodeSpuError:                            admin.ErrInvalidConfig,
		protocol.ErrorCodeSmartModuleNotFound:                 admin.ErrSmartModuleNotFound,
		protocol.ErrorCodeSmartModuleError:                    admin.ErrInvalidConfig,
		protocol.ErrorCodeMirrorAlreadyExists:                 admin.ErrMirrorExists,
		protocol.ErrorCodeMirrorNotFound:                      admin.ErrMirrorNotFound,
		protocol.ErrorCodeMirrorInvalidType:                   admin.ErrMirrorType,
		protocol.ErrorCodeMirrorDeleteFromRemote:              admin.ErrMirrorType,
		protocol.ErrorCodeTableFormatAlreadyExists:            admin.ErrTableFormatExists,
		protocol.ErrorCodeTableFormatNotFound:                 admin.ErrTableFormatNotFound,
	} {
		f.serve(func(protocol.Request) protocol.Message { return &protocol.Status{ErrorCode: code.Code()} })
		err := a.UnregisterSPU(ctx, "x")
		var refusal *admin.Error
		if !errors.Is(err, want) || !errors.Is(err, code) || !errors.As(err, &refusal) || refusal.Code.Tag != code {
			t.Errorf("%v: %v is not %v", code.String(), err, want)
		}
	}
}
