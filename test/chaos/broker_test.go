//go:build linux

package chaos

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// broker is a broker process behind proxies, started again and again on the same folder and ports.
type broker struct {
	dir, sc, spu string // addresses of its own
	admin, data  *proxy // before the SC and before the SPU
	process      *process
	begun        func(*process) // is told of every process
}

func startBroker(dir string, begun func(*process)) (*broker, error) {
	var err error
	for range 10 { // the ports of both hosts have to be free
		b := &broker{dir: dir, sc: freeAddress(), spu: freeAddress(), begun: begun}
		if err = b.open(); err == nil {
			return b, nil
		}
		b.close()
	}
	return nil, err
}

func (b *broker) open() (err error) {
	if b.admin, err = startProxy(port(b.sc)); err != nil {
		return err
	}
	if b.data, err = startProxy(port(b.spu)); err != nil {
		return err
	}
	return b.start()
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// freeAddress picks a port below those that the system gives to outgoing connections, so that nobody dialling a dead broker gets its port.
func freeAddress() string {
	for {
		address := fmt.Sprintf("%s:%d", serverHost, 20_000+rand.IntN(10_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
}

// start starts the process and waits until it serves.
func (b *broker) start() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	p, err := start(w, nil, "broker", "--data", b.dir, "--sc", b.sc, "--spu", b.spu, "--public-host", proxyHost)
	_ = w.Close() // the child has its own
	if err != nil {
		return err
	}
	b.process = p
	b.begun(p)
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		p.kill()
		return fmt.Errorf("the broker does not come up: %q %v\n%s", line, err, p.talk())
	}
	return nil
}

// reset begins to count anew what goes to and from the broker.
func (b *broker) reset(rate int) {
	b.admin.reset(0)
	b.data.reset(rate)
}

// largest is how large a topic's largest file is.
func (b *broker) largest(topic string) (largest uint64, err error) {
	logs, err := filepath.Glob(filepath.Join(b.dir, "topics", topic+".*", "*", "*.log"))
	for _, path := range logs {
		info, bad := os.Stat(path)
		if bad != nil {
			return 0, bad
		}
		largest = max(largest, uint64(info.Size()))
	}
	return largest, err
}

func (b *broker) close() {
	if b.process != nil {
		b.process.kill()
	}
	for _, p := range []*proxy{b.admin, b.data} {
		if p != nil {
			p.close()
		}
	}
}

// endpoint is where the pipeline finds the cluster.
func (b *broker) endpoint() string { return net.JoinHostPort(proxyHost, port(b.sc)) }
