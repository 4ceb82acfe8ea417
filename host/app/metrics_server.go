package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/weir-stream/weir/fluvio/broker"
)

const (
	// slowestScraper is how long a scraper may take for its request, and again for the answer.
	slowestScraper = 30 * time.Second
	// mostScrapes is how many scrapes are answered at a time.
	mostScrapes = 4
)

// metricsServer serves /metrics, in Prometheus text, and what there is on health.
type metricsServer struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{}
}

// serveMetrics listens on address and serves.
func serveMetrics(address string, handler http.Handler, log *slog.Logger) (*metricsServer, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	s := &metricsServer{listener: l, done: make(chan struct{}), http: &http.Server{
		Handler:        handler,
		ReadTimeout:    slowestScraper,
		WriteTimeout:   slowestScraper,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics are no longer served", "error", err)
		}
	}()
	return s, nil
}

// metricsMux serves /metrics: what c collects, and what Go and the system say of the process.
func metricsMux(c ...prometheus.Collector) *http.ServeMux {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(c...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes}))
	return mux
}

// brokerHandler serves a broker's metrics, and /healthz.
func brokerHandler(stats func() broker.Stats) http.Handler {
	mux := metricsMux(brokerCollector{stats})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // who asked may be gone
	})
	return mux
}

func (s *metricsServer) address() string { return s.listener.Addr().String() }

// close ends the server and what it is answering.
func (s *metricsServer) close() {
	_ = s.http.Close()
	<-s.done
}
