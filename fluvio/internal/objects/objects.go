// Package objects reads the names and addresses in an SC's metadata, and packs the code of SmartModules.
package objects

import (
	"net"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/fluvio/protocol"
)

// SplitPartition splits TOPIC-N, the name of a partition, at its last dash: topics may have dashes in theirs.
func SplitPartition(name string) (topic string, partition uint32, ok bool) {
	dash := strings.LastIndexByte(name, '-')
	if dash < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(name[dash+1:], 10, 32)
	return name[:dash], uint32(n), err == nil
}

// Address is where clients reach an SPU: its first name, or else its first IP, and the port; empty if it has neither
// (fluvio/src/spu.rs).
func Address(port *protocol.IngressPort) string {
	if len(port.Ingress) == 0 {
		return ""
	}
	number := strconv.Itoa(int(port.Port))
	switch first := port.Ingress[0]; {
	case first.Hostname != nil:
		return net.JoinHostPort(*first.Hostname, number)
	case first.IP != nil:
		return net.JoinHostPort(*first.IP, number)
	}
	return ""
}
