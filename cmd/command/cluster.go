package command

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/visible"
)

// withEndpoint adds --endpoint to a command that talks to a cluster.
func (sh *shell) withEndpoint(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&sh.endpoint, "endpoint", "", "HOST:PORT of the cluster's SC; default: the active profile of ~/.fluvio/config")
	return cmd
}

// withCluster adds all flags that say which cluster a command talks to, and how; but for --endpoint they are named as Fluvio's own.
func (sh *shell) withCluster(cmd *cobra.Command) *cobra.Command {
	flags := sh.withEndpoint(cmd).Flags()
	flags.SortFlags = false // those of the command first
	flags.StringVarP(&sh.profile, "profile", "P", "", "profile of ~/.fluvio/config; default: the active one")
	flags.BoolVar(&sh.tls.Enabled, "tls", false, "encrypt connections; without --ca-cert servers are not checked")
	flags.StringVar(&sh.tls.CA, "ca-cert", "", "file with the CA that signed the servers' certificates, in PEM form")
	flags.StringVar(&sh.tls.Domain, "domain", "", "name in the SC's certificate; default: the host of the endpoint")
	flags.BoolVar(&sh.tls.ClientCert, "enable-client-cert", false, "show a client certificate")
	flags.StringVar(&sh.tls.Cert, "client-cert", "", "file with the client's certificate, in PEM form")
	flags.StringVar(&sh.tls.Key, "client-key", "", "file with its key")
	return cmd
}

func (sh *shell) cluster() app.Cluster {
	return app.Cluster{Endpoint: sh.endpoint, Profile: sh.profile, TLS: sh.tls, RetryBudget: sh.retryBudget, Log: sh.log}
}

// output is where results go.
func (sh *shell) output() app.Output { return app.Output{W: sh.out, JSON: sh.json} }

// confirm asks a question and reads y or n.
func (sh *shell) confirm(question string) bool {
	fmt.Fprintf(sh.err, "weir: %s (y/n) ", visible.Line(question))
	answer, _ := bufio.NewReader(sh.in).ReadString('\n') // no answer is no
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes")
}

// withDelete adds the flags of commands that delete several things.
func (sh *shell) withDelete(cmd *cobra.Command, d *app.DeleteConfig) *cobra.Command {
	cmd.Flags().BoolVarP(&d.ContinueOnError, "continue-on-error", "c", false, "go on with the next one after an error")
	d.Failed = func(err error) { sh.say(visible.Lines(err.Error())) }
	return sh.withCluster(cmd)
}
