package weir

// Host is what a guest may call: the functions of the ABI's module "weir". Modules don't need it; package weirtest
// implements it. The host copies what it is handed before it returns.
type Host interface {
	Output(name string, kind uint32, schema []byte) (number uint32)
	Emit(output uint32, rows []uint32, rowCount uint32, message []byte)
	Reject(row uint32, code, message string)
	Fail(message string)
	Log(level uint32, message string)
}

// Logger writes lines to the host's log, which adds the module and the current row. The host cuts a line at 4,096 bytes, and
// after 100 lines in one call counts the rest only.
type Logger struct {
	host Host
}

// Debug writes a line of level debug.
func (l Logger) Debug(line string) { l.host.Log(abiLevelDebug, line) }

// Info writes a line of level info.
func (l Logger) Info(line string) { l.host.Log(abiLevelInfo, line) }

// Warn writes a line of level warn.
func (l Logger) Warn(line string) { l.host.Log(abiLevelWarn, line) }

// Error writes a line of level error.
func (l Logger) Error(line string) { l.host.Log(abiLevelError, line) }
