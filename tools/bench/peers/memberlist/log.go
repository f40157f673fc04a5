package main

import (
	"sync"
	"sync/atomic"

	"github.com/hashicorp/memberlist"
	"golang.org/x/sys/unix"
)

// Sighting is what one node saw, `At` in ms of the machine's monotonic clock, which all processes share.
type Sighting struct {
	At       float64 `json:"at"`
	Event    string  `json:"event"`
	Observer string  `json:"observer"`
	Member   string  `json:"member"`
}

// Log keeps sightings until they are asked for, so that nobody waits for a reader while something is measured.
type Log struct {
	mu   sync.Mutex
	seen []Sighting
}

func (l *Log) add(event, observer, member string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, Sighting{nowMillis(), event, observer, member})
}

func (l *Log) take() []Sighting {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.seen
	l.seen = nil
	if taken == nil {
		taken = []Sighting{}
	}
	return taken
}

func nowMillis() float64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err)
	}
	return float64(now.Nano()) / 1e6
}

// observer notes what one node sees. memberlist announces death and departure alike, so both are "failed" here.
type observer struct {
	name string
	log  *Log
	seen atomic.Int64
}

func (o *observer) note(event string, node *memberlist.Node, change int64) {
	if node.Name != o.name {
		o.seen.Add(change)
		o.log.add(event, o.name, node.Name)
	}
}

func (o *observer) NotifyJoin(node *memberlist.Node)  { o.note("joined", node, 1) }
func (o *observer) NotifyUpdate(*memberlist.Node)     {}
func (o *observer) NotifyLeave(node *memberlist.Node) { o.note("failed", node, -1) }
