package broker

import (
	"fmt"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// scVersionTable is what SCs of platform 0.18.1 say (fluvio-sc-schema/src/apis.rs). Mirroring (1005) is in it and closes the connection.
var scVersionTable = []protocol.ApiVersionKey{
	{APIKey: 1001, MinVersion: 9, MaxVersion: 19},
	{APIKey: 1002, MinVersion: 1, MaxVersion: 19},
	{APIKey: 1003, MinVersion: 15, MaxVersion: 19},
	{APIKey: 1004, MinVersion: 15, MaxVersion: 19},
	{APIKey: 1005, MinVersion: 14, MaxVersion: 19},
	{APIKey: 1006, MinVersion: 1, MaxVersion: 19},
}

// scVersions answers ApiVersions (key 18). An SC closes the connection of a client that does not give its version
// (fluvio-sc/src/services/public_api/api_version.rs).
func (c *conn) scVersions(h protocol.RequestHeader, req *protocol.ApiVersionsRequest) error {
	if !semver.MatchString(req.ClientVersion) {
		return fmt.Errorf("client version %.50q is no semantic version", req.ClientVersion)
	}
	return c.reply(h, &protocol.ApiVersionsResponse{APIKeys: scVersionTable, PlatformVersion: platformVersion})
}
