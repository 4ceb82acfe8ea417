package broker

import "github.com/weir-stream/weir/fluvio/protocol"

// spuVersionTable is what SPUs of platform 0.18.1 say (fluvio-spu/src/services/public/api_versions.rs), and a request of weir's own, which other
// clients pass over. Keys 1006 to 1008 are served though they are not in it, as clients expect.
var spuVersionTable = []protocol.ApiVersionKey{
	{APIKey: 0, MinVersion: 0, MaxVersion: 25},
	{APIKey: 1, MinVersion: 0, MaxVersion: 25},
	{APIKey: 1002, MinVersion: 25, MaxVersion: 25},
	{APIKey: 1003, MinVersion: 0, MaxVersion: 25},
	{APIKey: 1005, MinVersion: 0, MaxVersion: 0},
	{APIKey: int16(protocol.KeyClaimWriter), MinVersion: 0, MaxVersion: 0},
}

// spuVersions answers ApiVersions (key 18).
func (c *conn) spuVersions(h protocol.RequestHeader, _ *protocol.ApiVersionsRequest) error {
	return c.reply(h, &protocol.ApiVersionsResponse{APIKeys: spuVersionTable, PlatformVersion: "0.0.0"})
}
