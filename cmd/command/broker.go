package command

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) brokerCommand() *cobra.Command {
	var c app.BrokerConfig
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the embedded Fluvio-compatible broker",
		Long: `Broker serves the Fluvio protocol from a folder: an SC and an SPU in one process.

When it serves, it prints one line: ready sc=HOST:PORT spu=HOST:PORT, and metrics=HOST:PORT where they are served. SIGTERM ends
it in good order; an acknowledged record survives kill -9 of the broker at any moment.

--flush says what power loss, or a crash of the whole machine, may take; when only the broker dies, nothing is lost with any of them:
  none       what the system had not written yet, usually the last 30 s, though it was acknowledged (the default)
  each       nothing that was acknowledged; every request waits for the disk
  INTERVAL   what was acknowledged since the last flush, at most so long ago

With --tls-cert and --tls-key both servers speak TLS and nothing else. Clients expect the name of their choice, such as
fluvio.example, in the SC's certificate and custom-spu-5001.fluvio.example in the SPU's: one for fluvio.example and
*.fluvio.example serves both. With --tls-client-ca, clients need a certificate of that CA.

--metrics serves /metrics, in Prometheus text, and /healthz. It has no password: keep it away from other people's networks.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.MaxConnections < 1 {
				return fault.Inputf("--max-connections: want 1 or more, got %d", c.MaxConnections)
			}
			c.Log = sh.log
			ctx, drain, done := sh.signals(cmd)
			defer done()
			return app.Broker(ctx, drain, c, sh.ready)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Dir, "data", "", "folder of the log (required)")
	flags.StringVar(&c.SC, "sc", "127.0.0.1:9003", "HOST:PORT to serve the SC on; port 0: the system picks")
	flags.StringVar(&c.SPU, "spu", "127.0.0.1:9010", "HOST:PORT to serve the SPU on; port 0: the system picks")
	flags.StringVar(&c.PublicHost, "public-host", "", "host by which clients reach the SPU; default: the one that it listens on")
	flags.Var(flushFlag{&c.Flush, &c.FlushInterval}, "flush", "when records are forced to the disk: none, each or an interval such as 500ms")
	flags.Var(span{&c.Retention}, "retention", "how long closed segments of topics that say nothing else are kept, such as 2d; default: 7d")
	flags.Var(size[int64]{&c.SegmentSize, 1, math.MaxUint32}, "segment-size", "bytes of a segment of topics that say nothing else; default: 1GB")
	flags.Var(size[int64]{&c.MaxPartitionSize, 1, math.MaxInt64}, "max-partition-size",
		"bytes of a partition over which the oldest segments go, for topics that say nothing else; default: 100GB")
	flags.IntVar(&c.MaxConnections, "max-connections", 4096, "connections that both servers keep open together; another one is closed at once")
	flags.StringVar(&c.TLS.Cert, "tls-cert", "", "file with the servers' certificate, in PEM form")
	flags.StringVar(&c.TLS.Key, "tls-key", "", "file with its key")
	flags.StringVar(&c.TLS.ClientCA, "tls-client-ca", "", "file with the CA of clients' certificates; clients need one then")
	flags.StringVar(&c.Metrics, "metrics", "", "HOST:PORT to serve /metrics and /healthz on; port 0: the system picks")
	suggest(cmd, "flush", "none", "each", "1s")
	_ = cmd.MarkFlagRequired("data") // fails only for a flag that does not exist
	return drains(cmd)
}

// ready tells where the broker serves.
func (sh *shell) ready(at app.BrokerAddresses) error {
	if sh.json {
		return sh.printJSON(at)
	}
	line := fmt.Sprintf("ready sc=%s spu=%s", at.SC, at.SPU)
	if at.Metrics != "" {
		line += " metrics=" + at.Metrics
	}
	_, err := fmt.Fprintln(sh.out, line)
	return err
}
