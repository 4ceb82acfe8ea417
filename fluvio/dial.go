package fluvio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// dialSC connects to the cluster's SC.
func (c *Client) dialSC(ctx context.Context) (*mux.Conn, error) {
	name := ""
	if c.tls != nil {
		name = c.tls.ServerName
	}
	return c.dialServer(ctx, protocol.SC, c.endpoint, name, 0)
}

// dialSPU connects to an SPU, with a read buffer of the usual size.
func (c *Client) dialSPU(ctx context.Context, s spu) (*mux.Conn, error) {
	return c.dialBuffered(ctx, s, 0)
}

// dialBuffered connects to an SPU, with a read buffer of so many bytes. Its name in a certificate is made of its own and the SC's
// (fluvio/src/spu.rs).
func (c *Client) dialBuffered(ctx context.Context, s spu, buffer int) (*mux.Conn, error) {
	name := ""
	if c.tls != nil && c.tls.ServerName != "" {
		name = s.name + "." + c.tls.ServerName
	}
	return c.dialServer(ctx, protocol.SPU, s.address, name, buffer)
}

// dialServer connects and agrees on versions. Without a name the host is the one to find in the certificate.
func (c *Client) dialServer(ctx context.Context, server protocol.Server, address, name string, buffer int) (*mux.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within(ctx, connectTimeout), errNoAnswer)
	defer cancel()
	nc, err := c.dial(ctx, "tcp", address)
	if err == nil && selfConnected(nc) {
		err = errSelfConnected
	}
	if err == nil && c.tls != nil {
		nc, err = c.encrypt(ctx, nc, address, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%v at %s: %w", server, address, err)
	}
	conn, err := mux.Open(ctx, nc, mux.Config{Server: server, ClientID: c.clientID, MaxFrame: c.maxFrame, ReadBuffer: buffer})
	switch {
	case certificateRefused(err):
		err = fmt.Errorf("%w (the server wants a client certificate, or another one than it got)", err)
	case err != nil && c.tls == nil && errors.Is(err, mux.ErrHandshake):
		err = fmt.Errorf("%w (connected without TLS: does it want TLS?)", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%v at %s: %w", server, address, err)
	}
	return conn, nil
}

// selfConnected tells whether a connection leads to itself, and ends it at once if so: a system may choose the very port that is dialled as
// the one to dial from, where nobody listens on it. While it lasts a server on this machine can't have its port back.
func selfConnected(nc net.Conn) bool {
	local, ok := nc.LocalAddr().(*net.TCPAddr)
	remote, too := nc.RemoteAddr().(*net.TCPAddr)
	if !ok || !too || local.Port != remote.Port || !local.IP.Equal(remote.IP) {
		return false
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
	return true
}

func (c *Client) encrypt(ctx context.Context, nc net.Conn, address, name string) (net.Conn, error) {
	if name == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			nc.Close()
			return nil, err
		}
		name = host
	}
	conf := c.tls.Clone()
	conf.ServerName = name
	secure := tls.Client(nc, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		if certificateRefused(err) {
			err = fmt.Errorf("%w (the server wants a client certificate, or another one than it got)", err)
		}
		if errors.Is(err, io.EOF) { // see mux: an io.EOF is the end of what is read, and nothing else
			err = io.ErrUnexpectedEOF
		}
		if plain := (tls.RecordHeaderError{}); errors.As(err, &plain) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w (does the server use TLS?)", err)
		}
		return nil, fmt.Errorf("TLS with '%s': %w", name, err)
	}
	return secure, nil
}

// call sends a request and waits for the answer, as long as the request itself allows the server to take and the request timeout.
// A connection without an answer in time is given up. Of the request timeout it takes no more than the attempt has left.
func (c *Client) call(ctx context.Context, conn *mux.Conn, req protocol.Request, resp protocol.Message, allowed time.Duration) error {
	limited, cancel := context.WithTimeoutCause(ctx, allowed+within(ctx, c.requestTimeout), errNoAnswer)
	defer cancel()
	err := conn.Call(limited, req, resp)
	if err != nil && errors.Is(err, errNoAnswer) {
		conn.Abort(errNoAnswer)
	}
	return err
}
