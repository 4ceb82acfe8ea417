package fluvioconn_test

import (
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/connector/connectortest"
	"github.com/weir-stream/weir/host/connector/fluvioconn"
)

func TestTheDescriptionIsWhatIsConfigured(t *testing.T) {
	for _, role := range []connector.Role{connector.RoleSource, connector.RoleSink} {
		connectortest.CheckOptions(t, fluvioconn.Connector{}, role, map[string]string{"topic": "t"})
	}
}
