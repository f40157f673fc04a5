// Harness around hashicorp/memberlist for the membership benchmark: nodes in one process, driven by JSON lines.
//
// A request is one line on standard input, {"id":1,"cmd":"start",...}; its answer is one line on standard output, {"id":1,"ok":true,...}
// or {"id":1,"ok":false,"error":"..."}. src/membership/protocol.ts has all of it. The end of input ends the process.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Request is one command; a command reads only the fields that it names.
type Request struct {
	ID  int    `json:"id"`
	Cmd string `json:"cmd"`

	// start: nodes are started in this order and join through `join` one by one.
	Nodes []struct {
		Name string `json:"name"`
		Port int    `json:"port"`
	} `json:"nodes"`
	Profile     string   `json:"profile"`
	Join        []string `json:"join"`
	PaceMillis  int      `json:"paceMillis"`
	Key         string   `json:"key"`
	Compression bool     `json:"compression"`

	// kill, leave.
	Name          string `json:"name"`
	TimeoutMillis int    `json:"timeoutMillis"`

	// setLink: what packets, and when cut streams too, suffer from each of the ports of this process to each of the others.
	From        []int   `json:"from"`
	To          []int   `json:"to"`
	Loss        float64 `json:"loss"`
	DelayMillis float64 `json:"delayMillis"`
	Cut         bool    `json:"cut"`
}

var output sync.Mutex

func writeLine(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func main() {
	world := newWorld()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<26)
	for lines.Scan() {
		var request Request
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			writeLine(map[string]any{"id": 0, "ok": false, "error": err.Error()})
			continue
		}
		// Beside each other: a slow leave must not hold up statistics.
		go answer(world, request)
	}
	world.stop()
}

func answer(world *World, request Request) {
	reply, err := world.handle(request)
	if err != nil {
		writeLine(map[string]any{"id": request.ID, "ok": false, "error": err.Error()})
	} else {
		if reply == nil {
			reply = map[string]any{}
		}
		reply["id"], reply["ok"] = request.ID, true
		writeLine(reply)
	}
}

func (world *World) handle(request Request) (map[string]any, error) {
	switch request.Cmd {
	case "start":
		return nil, world.start(request)
	case "kill":
		return nil, world.kill(request.Name)
	case "leave":
		return nil, world.leave(request.Name, request.TimeoutMillis)
	case "setLink":
		world.links.set(request)
		return nil, nil
	case "stats":
		return world.stats(), nil
	case "events":
		return map[string]any{"events": world.log.take()}, nil
	case "stop":
		world.stop()
		return nil, nil
	}
	return nil, fmt.Errorf("unknown cmd %q; expected start, kill, leave, setLink, stats, events or stop", request.Cmd)
}
