package mux_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/mux"
	"github.com/weir-stream/weir/fluvio/protocol"
)

// spuOf is what an SPU of a common version offers.
func spuOf(version int16) *protocol.ApiVersionsResponse {
	return &protocol.ApiVersionsResponse{PlatformVersion: "0.0.0", APIKeys: []protocol.ApiVersionKey{
		{APIKey: 0, MaxVersion: version}, {APIKey: 1002, MinVersion: version, MaxVersion: version},
		{APIKey: 1003, MaxVersion: version}, {APIKey: 1005},
	}}
}

func scOf(lowest, highest int16) *protocol.ApiVersionsResponse {
	return &protocol.ApiVersionsResponse{PlatformVersion: "0.13.0", APIKeys: []protocol.ApiVersionKey{
		{APIKey: 1001, MinVersion: 9, MaxVersion: highest}, {APIKey: 1003, MinVersion: lowest, MaxVersion: highest},
		{APIKey: 1004, MinVersion: lowest, MaxVersion: highest},
	}}
}

func TestTheHighestCommonVersionIsUsed(t *testing.T) {
	for name, tc := range map[string]struct {
		role  protocol.Server
		offer *protocol.ApiVersionsResponse
		req   protocol.Request
		want  int16
	}{
		"current SPU":                       {protocol.SPU, spuOf(25), &protocol.StreamFetchRequest{}, 25},
		"platform 0.17":                     {protocol.SPU, spuOf(24), &protocol.FetchOffsetsRequest{}, 24},
		"platform 0.11.6":                   {protocol.SPU, spuOf(23), &protocol.ProduceRequest{}, 23},
		"newer SPU":                         {protocol.SPU, spuOf(99), &protocol.ProduceRequest{}, 25},
		"credit has one version":            {protocol.SPU, spuOf(24), &protocol.UpdateOffsetsRequest{}, 0},
		"not listed, follows produce":       {protocol.SPU, spuOf(24), &protocol.FetchConsumerOffsetsRequest{}, 24},
		"not listed, newer than we are":     {protocol.SPU, spuOf(26), &protocol.DeleteConsumerOffsetRequest{}, 25},
		"current SC":                        {protocol.SC, scOf(15, 19), &protocol.ListRequest{Kind: protocol.KindTopic}, 19},
		"oldest SC":                         {protocol.SC, scOf(12, 15), &protocol.WatchRequest{Kind: protocol.KindTopic}, 15},
		"SC that dropped what we know last": {protocol.SC, scOf(19, 30), &protocol.CreateRequest{Kind: protocol.KindTopic}, 19},
	} {
		t.Run(name, func(t *testing.T) {
			versions := make(chan int16, 1)
			c, err := open(t, tc.role, tc.offer, func(s *server) {
				h, _ := s.read()
				versions <- h.APIVersion
			})
			if err != nil {
				t.Fatal(err)
			}
			c.Call(t.Context(), tc.req, tc.req.NewResponse()) // not answered
			if got := <-versions; got != tc.want {
				t.Errorf("version %d, want %d", got, tc.want)
			}
		})
	}
}

func TestServersOutsideTheWindowAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		role  protocol.Server
		offer *protocol.ApiVersionsResponse
		says  string
	}{
		"old SPU":       {protocol.SPU, spuOf(22), "Produce of an SPU: this client has 23 to 25, the server has 0 to 22"},
		"old SC":        {protocol.SC, scOf(10, 14), "Watch of an SC (platform 0.13.0): this client has 15 to 19, the server has 10 to 14"},
		"SC of tomorow": {protocol.SC, scOf(20, 22), "the server has 20 to 22"},
		"offers none":   {protocol.SC, &protocol.ApiVersionsResponse{PlatformVersion: "1.0.0"}, "the server does not offer it"},
		"SPU as an SC":  {protocol.SC, spuOf(25), "looks like the address of an SPU, which has no Watch; the SC's is wanted, whose port is 9003"},
		"SC as an SPU":  {protocol.SPU, scOf(15, 19), "Produce of an SPU"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, tc.role, tc.offer, nil)
			var version *mux.VersionError
			if !errors.Is(err, mux.ErrVersion) || !errors.As(err, &version) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAMissingRequestIsAnErrorOfItsCall(t *testing.T) {
	c, err := open(t, protocol.SC, &protocol.ApiVersionsResponse{APIKeys: []protocol.ApiVersionKey{{APIKey: 1004, MinVersion: 15, MaxVersion: 19}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Call(t.Context(), &protocol.CreateRequest{Kind: protocol.KindTopic}, new(protocol.Status))
	if !errors.Is(err, mux.ErrVersion) || mux.Sent(err) {
		t.Errorf("%v", err)
	}
	err = c.Call(t.Context(), &protocol.ProduceRequest{}, new(protocol.ProduceResponse))
	if !errors.Is(err, mux.ErrVersion) {
		t.Errorf("a request of the other server: %v", err)
	}
}

func TestARefusedHandshakeSaysWhy(t *testing.T) {
	_, err := open(t, protocol.SC, &protocol.ApiVersionsResponse{ErrorCode: protocol.OtherError("go away")}, nil)
	if !errors.Is(err, mux.ErrHandshake) || !strings.Contains(err.Error(), "go away") {
		t.Errorf("%v", err)
	}
}
