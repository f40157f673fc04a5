package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

// World is every node of this process.
type World struct {
	mu      sync.Mutex
	nodes   map[string]*memberlist.Memberlist
	links   *Links
	traffic Traffic
	stopped sync.WaitGroup
}

func newWorld() *World {
	world := &World{nodes: map[string]*memberlist.Memberlist{}, links: newLinks()}
	world.stopped.Add(1)
	return world
}

func profileConfig(profile string) (*memberlist.Config, error) {
	switch profile {
	case "lan", "":
		return memberlist.DefaultLANConfig(), nil
	case "wan":
		return memberlist.DefaultWANConfig(), nil
	case "local":
		return memberlist.DefaultLocalConfig(), nil
	}
	return nil, fmt.Errorf("unknown profile %q; expected lan, wan or local", profile)
}

func (world *World) start(request Request) error {
	for index, node := range request.Nodes {
		if index > 0 && request.PaceMillis > 0 {
			time.Sleep(time.Duration(request.PaceMillis) * time.Millisecond)
		}
		config, err := profileConfig(request.Profile)
		if err != nil {
			return err
		}
		config.Name = node.Name
		config.BindAddr, config.BindPort = "127.0.0.1", node.Port
		config.AdvertiseAddr, config.AdvertisePort = "127.0.0.1", node.Port
		config.EnableCompression = request.Compression
		config.Logger = log.New(io.Discard, "", 0)
		config.Events = &observer{name: node.Name}
		if request.Key != "" {
			if config.SecretKey, err = base64.StdEncoding.DecodeString(request.Key); err != nil {
				return fmt.Errorf("key: %w", err)
			}
		}
		if config.Transport, err = world.openTransport(node.Port, config.Logger); err != nil {
			return err
		}
		list, err := memberlist.Create(config)
		if err != nil {
			return err
		}
		world.mu.Lock()
		world.nodes[node.Name] = list
		world.mu.Unlock()
		if err := joinSeeds(list, request.Join, node.Port); err != nil {
			return fmt.Errorf("%s: %w", node.Name, err)
		}
	}
	return nil
}

// A seed that joins itself would only talk to itself.
func joinSeeds(list *memberlist.Memberlist, seeds []string, port int) error {
	others := []string{}
	for _, seed := range seeds {
		if !strings.HasSuffix(seed, fmt.Sprintf(":%d", port)) {
			others = append(others, seed)
		}
	}
	if len(others) == 0 {
		return nil
	}
	_, err := list.Join(others)
	return err
}

func (world *World) take(name string) (*memberlist.Memberlist, error) {
	world.mu.Lock()
	defer world.mu.Unlock()
	list, found := world.nodes[name]
	if !found {
		return nil, fmt.Errorf("no node %q in this process", name)
	}
	delete(world.nodes, name)
	return list, nil
}

// kill ends a node without a goodbye.
func (world *World) kill(name string) error {
	list, err := world.take(name)
	if err != nil {
		return err
	}
	return list.Shutdown()
}

func (world *World) leave(name string, timeoutMillis int) error {
	list, err := world.take(name)
	if err != nil {
		return err
	}
	left := list.Leave(time.Duration(timeoutMillis) * time.Millisecond)
	if err := list.Shutdown(); err != nil {
		return err
	}
	return left
}

func (world *World) stop() {
	world.mu.Lock()
	defer world.mu.Unlock()
	for name, list := range world.nodes {
		list.Shutdown()
		delete(world.nodes, name)
	}
}

// stats: members that each node believes alive (itself included), local health, traffic and cost of the process since its start.
func (world *World) stats() map[string]any {
	world.mu.Lock()
	alive, health := map[string]int{}, map[string]int{}
	for name, list := range world.nodes {
		alive[name] = list.NumMembers()
		health[name] = list.GetHealthScore()
	}
	world.mu.Unlock()
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return map[string]any{
		"at":            nowMillis(),
		"alive":         alive,
		"health":        health,
		"datagramsOut":  world.traffic.datagramsOut.Load(),
		"bytesOut":      world.traffic.bytesOut.Load(),
		"streamsOut":    world.traffic.streamsOut.Load(),
		"cpuMillis":     float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6,
		"residentBytes": residentBytes(),
	}
}

func residentBytes() int {
	var total, resident int
	text, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(text), &total, &resident)
	return resident * os.Getpagesize()
}

func nowMillis() float64 { return float64(time.Now().UnixMicro()) / 1000 }

// observer reports what one node sees. memberlist announces death and departure alike, so both are "failed" here.
type observer struct{ name string }

func (o *observer) report(event string, node *memberlist.Node) {
	if node.Name != o.name {
		writeLine(map[string]any{"event": event, "at": nowMillis(), "observer": o.name, "member": node.Name})
	}
}

func (o *observer) NotifyJoin(node *memberlist.Node)   { o.report("joined", node) }
func (o *observer) NotifyUpdate(node *memberlist.Node) { o.report("updated", node) }
func (o *observer) NotifyLeave(node *memberlist.Node)  { o.report("failed", node) }
