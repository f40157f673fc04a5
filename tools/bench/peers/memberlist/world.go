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

// Node is one member and what it has seen.
type Node struct {
	*memberlist.Memberlist
	observer *observer
}

// World is every node of this process.
type World struct {
	mu      sync.Mutex
	nodes   map[string]Node
	links   *Links
	traffic Traffic
	log     Log
}

func newWorld() *World {
	return &World{nodes: map[string]Node{}, links: newLinks()}
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
		watcher := &observer{name: node.Name, log: &world.log}
		config.Events = watcher
		if request.Key != "" {
			if config.SecretKey, err = base64.StdEncoding.DecodeString(request.Key); err != nil {
				return fmt.Errorf("key: %w", err)
			}
		}
		if config.Transport, err = world.openTransport(node.Port, config.Logger); err != nil {
			return err
		}
		world.log.add("started", node.Name, node.Name)
		list, err := memberlist.Create(config)
		if err != nil {
			return err
		}
		world.mu.Lock()
		world.nodes[node.Name] = Node{list, watcher}
		world.mu.Unlock()
		go world.join(node.Name, list, request.Join, node.Port)
	}
	return nil
}

// join tries every second until a seed has answered, as SwimMembership does. A seed that joins itself would only talk to itself.
func (world *World) join(name string, list *memberlist.Memberlist, seeds []string, port int) {
	others := []string{}
	for _, seed := range seeds {
		if !strings.HasSuffix(seed, fmt.Sprintf(":%d", port)) {
			others = append(others, seed)
		}
	}
	for len(others) > 0 && world.runs(name, list) {
		if _, err := list.Join(others); err == nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func (world *World) runs(name string, list *memberlist.Memberlist) bool {
	world.mu.Lock()
	defer world.mu.Unlock()
	return world.nodes[name].Memberlist == list
}

func (world *World) take(name string) (Node, error) {
	world.mu.Lock()
	defer world.mu.Unlock()
	list, found := world.nodes[name]
	if !found {
		return Node{}, fmt.Errorf("no node %q in this process", name)
	}
	delete(world.nodes, name)
	world.log.add("stopped", name, name)
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

// stats: members that each node believes alive (itself included), local health, traffic and cost of the process since its start. The members
// are counted here because NumMembers waits for a lock that a node under a burst of joins holds for minutes.
func (world *World) stats() map[string]any {
	world.mu.Lock()
	alive, health := map[string]int{}, map[string]int{}
	for name, list := range world.nodes {
		alive[name] = int(list.observer.seen.Load()) + 1
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
