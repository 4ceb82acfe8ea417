package mux

import "github.com/weir-stream/weir/fluvio/protocol"

// oldestSPU is the lowest version that is spoken with an SPU: the one before which consumers had no stored offsets. The messages
// know older ones, but nothing here was tried with them.
const oldestSPU = 23

// unlisted are requests that an SPU takes without saying so. They follow the version of Produce, which is that of all its
// messages (fluvio-spu-schema/src/lib.rs).
var unlisted = map[uint16]bool{
	protocol.KeyUpdateConsumerOffset: true,
	protocol.KeyDeleteConsumerOffset: true,
	protocol.KeyFetchConsumerOffsets: true,
}

// required are the requests without which a connection is of no use.
var required = map[protocol.Server][]uint16{
	protocol.SC:  {protocol.KeyWatch},
	protocol.SPU: {protocol.KeyProduce, protocol.KeyStreamFetch},
}

// choice is the version to use for a request, or why there is none.
type choice struct {
	version int16
	err     error
}

// negotiate chooses, for every request, the highest version that both sides have (fluvio-socket/src/versioned.rs). It fails only if
// a required request has none.
func negotiate(server protocol.Server, offer *protocol.ApiVersionsResponse) (map[uint16]choice, error) {
	offered := make(map[uint16]protocol.ApiVersionKey, len(offer.APIKeys))
	for _, k := range offer.APIKeys {
		offered[uint16(k.APIKey)] = k
	}
	choices := make(map[uint16]choice)
	for _, api := range protocol.APIs(server) {
		if api.Key != protocol.KeyApiVersions {
			choices[api.Key] = choose(api, offered, offer.PlatformVersion)
		}
	}
	for _, key := range required[server] {
		if err := choices[key].err; err != nil {
			return nil, err
		}
	}
	return choices, nil
}

func choose(api protocol.API, offered map[uint16]protocol.ApiVersionKey, platform string) choice {
	lowest := api.MinVersion
	if api.Server == protocol.SPU {
		lowest = max(lowest, min(oldestSPU, api.MaxVersion))
	}
	theirs, ok := offered[api.Key]
	if !ok && unlisted[api.Key] {
		theirs, ok = offered[protocol.KeyProduce]
	}
	if !ok || theirs.MaxVersion < lowest || theirs.MinVersion > api.MaxVersion {
		return choice{err: &VersionError{
			Server: api.Server, API: api.Name, OursMin: lowest, OursMax: api.MaxVersion,
			Offered: ok, TheirMin: theirs.MinVersion, TheirMax: theirs.MaxVersion, Platform: scPlatform(api.Server, platform),
		}}
	}
	return choice{version: min(api.MaxVersion, theirs.MaxVersion)}
}

// spuPlatform is the version of the platform that SPUs say.
const spuPlatform = "0.0.0"

// scPlatform hides the version that SPUs send, which is always spuPlatform.
func scPlatform(server protocol.Server, platform string) string {
	if server == protocol.SPU {
		return ""
	}
	return platform
}
