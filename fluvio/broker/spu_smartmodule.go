package broker

import "github.com/weir-stream/weir/fluvio/protocol"

// notRun is what whoever invokes a SmartModule is told, with the code of a chain that cannot be set up.
const notRun = "this broker stores SmartModules but does not run them"

// refuseModules is the answer to a request that invokes SmartModules: one that is not there is told as such, and none is run.
func (c *cluster) refuseModules(chain []protocol.SmartModuleInvocation) protocol.ErrorCode {
	for i := range chain {
		named, ok := chain[i].Wasm.Value.(*protocol.SmartModuleName)
		if !ok {
			continue
		}
		key, err := parsePackageKey(named.Name)
		if err != nil || c.modules.get(key) == nil {
			return moduleNotFound(named.Name)
		}
	}
	return protocol.ErrorCode{Tag: protocol.ErrorCodeSmartModuleChainInitError, Value: &protocol.ErrorText{Text: notRun}}
}
