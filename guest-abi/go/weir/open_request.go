package weir

import (
	"errors"

	"github.com/weir-stream/weir/guest-abi/go/weir/internal/ipc"
)

// param is a parameter as the host sends it.
type param struct {
	key, value string
}

var errOpenRequest = errors.New("the open request is damaged")

// parseOpen reads the open request, "Open request" in SPEC.md. The result shares nothing with it.
func parseOpen(request []byte) (*ipc.Schema, []param, error) {
	version, request := takeUint32(request)
	if version != abiVersion {
		return nil, nil, errors.New("the host speaks another version of the ABI than this module")
	}
	_, request = takeUint32(request) // flags
	length, request := takeUint32(request)
	count, request := takeUint32(request)
	if uint64(length) > uint64(len(request)) || uint64(count)*8 > uint64(len(request)) {
		return nil, nil, errOpenRequest
	}
	schema, err := ipc.ParseSchema(request[:length])
	if err != nil {
		return nil, nil, err
	}
	request = request[length:]
	params := make([]param, count)
	for i := range params {
		var keyLen, valueLen uint32
		keyLen, request = takeUint32(request)
		valueLen, request = takeUint32(request)
		end := uint64(keyLen) + uint64(valueLen)
		padded := (end + 7) &^ 7
		if padded > uint64(len(request)) {
			return nil, nil, errOpenRequest
		}
		params[i] = param{string(request[:keyLen]), string(request[keyLen:end])}
		request = request[padded:]
	}
	return schema, params, nil
}

// takeUint32 splits off a number, 0 where nothing is left.
func takeUint32(b []byte) (uint32, []byte) {
	if len(b) < 4 {
		return 0, nil
	}
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24, b[4:]
}
