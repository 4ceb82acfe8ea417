package broker

import (
	"net"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// spuObject is the one SPU, reached at host and port.
func spuObject(host string, port int, encrypted bool) *object {
	encryption := protocol.EncryptionPlaintext
	if encrypted {
		encryption = protocol.EncryptionSsl
	}
	ingress := protocol.IngressAddr{Hostname: &host}
	if net.ParseIP(host) != nil {
		ingress = protocol.IngressAddr{IP: &host}
	}
	m := protocol.Metadata{
		Name: spuName,
		Spec: &protocol.SpuSpec{
			ID:              spuID,
			SpuType:         protocol.SpuTypeCustom,
			PublicEndpoint:  protocol.IngressPort{Port: uint16(port), Ingress: []protocol.IngressAddr{ingress}, Encryption: encryption},
			PrivateEndpoint: protocol.Endpoint{Port: uint16(port), Host: host},
		},
		Status: &protocol.SpuStatus{Resolution: protocol.SpuResolutionOnline},
	}
	return &object{name: spuName, metadata: func() protocol.Metadata { return m }}
}

// customSpus shows SPUs as what they were registered with.
func customSpus(spus []*object) []*object {
	var custom []*object
	for _, o := range spus {
		m := o.metadata()
		if spec, ok := m.Spec.(*protocol.SpuSpec); ok {
			m.Spec = &protocol.CustomSpuSpec{ID: spec.ID, PublicEndpoint: spec.PublicEndpoint, PrivateEndpoint: spec.PrivateEndpoint,
				Rack: spec.Rack, PublicEndpointLocal: spec.PublicEndpointLocal}
			custom = append(custom, &object{name: o.name, metadata: func() protocol.Metadata { return m }})
		}
	}
	return custom
}
