package main

import (
	"errors"
	"fmt"
	"log"
	"math/rand"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// Traffic is what the nodes of this process sent, without IP and UDP headers.
type Traffic struct {
	datagramsOut, bytesOut, streamsOut atomic.Int64
}

// Link is what packets and streams from one port to another suffer.
type Link struct {
	loss  float64
	delay time.Duration
	cut   bool
}

type linkKey struct{ from, to int }

// Links holds the faults; a link that is not there is perfect.
type Links struct {
	mu     sync.RWMutex
	faulty map[linkKey]Link
}

func newLinks() *Links { return &Links{faulty: map[linkKey]Link{}} }

func (links *Links) set(request Request) {
	links.mu.Lock()
	defer links.mu.Unlock()
	for _, from := range request.From {
		for _, to := range request.To {
			links.faulty[linkKey{from, to}] = Link{
				loss:  request.Loss,
				delay: time.Duration(request.DelayMillis * float64(time.Millisecond)),
				cut:   request.Cut,
			}
		}
	}
}

func (links *Links) between(from, to int) Link {
	links.mu.RLock()
	defer links.mu.RUnlock()
	return links.faulty[linkKey{from, to}]
}

// faultyTransport sends over real sockets, with the faults of the links.
type faultyTransport struct {
	*memberlist.NetTransport
	world *World
	port  int
}

func (world *World) openTransport(port int, logger *log.Logger) (memberlist.Transport, error) {
	inner, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
		BindAddrs: []string{"127.0.0.1"}, BindPort: port, Logger: logger,
	})
	if err != nil {
		return nil, fmt.Errorf("port %d: %w", port, err)
	}
	return &faultyTransport{NetTransport: inner, world: world, port: port}, nil
}

func (t *faultyTransport) linkTo(addr string) Link {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return Link{}
	}
	port, _ := strconv.Atoi(text)
	return t.world.links.between(t.port, port)
}

func (t *faultyTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (t *faultyTransport) WriteToAddress(b []byte, addr memberlist.Address) (time.Time, error) {
	t.world.traffic.datagramsOut.Add(1)
	t.world.traffic.bytesOut.Add(int64(len(b)))
	link := t.linkTo(addr.Addr)
	if link.cut || rand.Float64() < link.loss {
		return time.Now(), nil
	}
	if link.delay > 0 {
		copied := append([]byte(nil), b...)
		time.AfterFunc(link.delay, func() { t.NetTransport.WriteToAddress(copied, addr) })
		return time.Now(), nil
	}
	return t.NetTransport.WriteToAddress(b, addr)
}

func (t *faultyTransport) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func (t *faultyTransport) DialAddressTimeout(addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	t.world.traffic.streamsOut.Add(1)
	if t.linkTo(addr.Addr).cut {
		time.Sleep(timeout)
		return nil, errors.New("link cut: dial timed out")
	}
	return t.NetTransport.DialAddressTimeout(addr, timeout)
}
