package test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// A producer may read and remove the jobs of others. It must not stop the processes that serve them by what
// it stores: names that are none, manifests that are none, tasks that are none.
func TestHostileProducer(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string]func(*siege, *nats.Conn){
		"manifests":    poisonManifests,
		"job names":    poisonNames,
		"tasks":        poisonTasks,
		"dead letters": poisonLetters,
		"standings":    poisonStandings,
		"leases":       poisonLeases,
		"campaigns":    poisonCampaigns,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := besiege(t, siegeAckWait)
			worker := f.honest("worker-1", "-n 1")
			numbers := slow(0, 100, 61)
			f.submit("before", "--chunk 5", numbers)
			nc := f.dial("producer")
			poison(f, nc)
			if err := nc.FlushTimeout(patience); err != nil || nc.LastError() != nil {
				t.Fatalf("%v, %v", err, nc.LastError())
			}
			f.submit("after", "--chunk 5", numbers)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the worker said:\n%.3000s", worker.stderr.String())
				}
			})
			f.answers("before", numbers)
			f.answers("after", numbers)
			f.run("producer", "submit --chunk 1 15 21").wantCode(0).wantStdout("15: 3 5\n21: 3 7\n")
			for _, command := range []string{"ls", "status", "ls --json", "status after", "workers ls", "dead ls"} {
				p := f.run("producer", command).wantCode(0)
				if text := p.stdout.String() + p.stderr.String(); strings.ContainsAny(text, "\x1b\x07") {
					t.Errorf("%s prints %q", p.line, text)
				}
			}
			for _, p := range []*program{worker, f.program} {
				if lines := strings.Count(p.stderr.String(), "\n"); lines > 200 {
					t.Errorf("%s has said %d lines, the last:\n%s", p.line, lines, p.stderr.String()[len(p.stderr.String())-1000:])
				}
				select {
				case <-p.ended:
					t.Errorf("%s has ended:\n%s", p.line, p.stderr.String())
				default:
				}
			}
			// A second supervisor can start over what is stored.
			serve := f.start("producer", "serve --listen none")
			serve.await(&serve.stderr, "supervising")
			f.submit("last", "--chunk 5", numbers)
			f.answers("last", numbers)
		})
	}
}

const terminal = "\x1b[2J\x07\u202e"

// put stores a value of a key of FACTOR_JOBS.
func put(nc *nats.Conn, key string, value []byte) {
	nc.PublishRequest(schema.KeyPrefix(schema.BucketJobs)+key, schema.InboxOf("producer")+".dropped", value)
}

func poisonManifests(f *siege, nc *nats.Conn) {
	now := time.Now()
	for i, value := range []string{"", "{", "null", "[]", "0", `"x"`, "{}", strings.Repeat("[", 10_000), `{"id":5}`, `{"schema":99,"state":"sealed"}`, strings.Repeat("x", 900<<10)} {
		put(nc, fmt.Sprint("p", i), []byte(value))
	}
	old, future := now.AddDate(-3, 0, 0), now.AddDate(1000, 0, 0)
	for i, j := range []task.Job{
		{State: task.Sealed, Kind: task.KindFactor, Class: task.ClassNorm, Count: 1 << 53},
		{State: task.Sealed, Kind: task.KindFactor, Class: task.ClassNorm, Count: 1<<64 - 1, Created: old},
		{State: task.Sealed, Kind: "cube" + terminal, Class: "urgent" + terminal, Count: 5, Note: terminal},
		{State: task.Open, Kind: task.KindFactor, Class: task.ClassNorm, Created: future},
		{State: task.Open, Created: old},
		{State: task.State("poison" + terminal), Count: 3},
		{State: task.Done, Count: 1 << 60, Verified: 1 << 62, Ended: &future, Expires: &future},
		{State: task.Removed, Keep: -1},
		{State: task.Sealed, Kind: task.KindFactor, Class: task.ClassHi, Count: 7, Work: -1, Budget: -1, Chunk: terminal, Bad: []task.BadToken{{Source: terminal}}},
	} {
		j.ID, j.Schema = fmt.Sprint("q", i), 1
		value, _ := json.Marshal(&j)
		put(nc, j.ID, value)
		j.ID = "after" // another job's
		value, _ = json.Marshal(&j)
		put(nc, fmt.Sprint("r", i), value)
	}
}

func poisonNames(_ *siege, nc *nats.Conn) {
	sealed := []byte(`{"schema":1,"kind":"factor","class":"norm","state":"sealed","count":3}`)
	for _, name := range []string{"UPPER", "a.b", "a.b.c", "-", "_", "\u202e", strings.Repeat("n", 200), strings.Repeat("a.", 40) + "b", "worker", "worker.x.y", "process.supervisor.x", "$KV", "x%00y", "0"} {
		put(nc, name, sealed)
		nc.Publish(schema.TasksPrefix+"norm."+name+".0-3.0", nil)
		nc.Publish(schema.InputsPrefix+name+".0-3", task.EncodeBlock(nil))
	}
}

func poisonTasks(_ *siege, nc *nats.Conn) {
	for _, class := range []string{"norm", "hi", "low", "none"} {
		for i, subject := range []string{".p.0-1.0", ".p.0-1.zz", ".p.5-4096.0", ".p.x.0", ".p.00-1.0", ".p.0-1", ".p.0-1.0.0", ".p", ".p.9007199254740990-9.0", ".after.0-1.zz", ".before.99-9.zz"} {
			for _, content := range []string{"", "no task", strings.Repeat("x", 400<<10), string((&task.Task{Kind: "cube"}).Encode()), string((&task.Task{Kind: task.KindFactor}).Encode())} {
				msg := nats.NewMsg(schema.TasksPrefix + class + subject)
				msg.Data = []byte(content)
				if i%2 == 0 {
					msg.Header.Set(task.SchemaHeader, "1")
					msg.Header.Set(schema.HeaderSpent, "-7")
				}
				nc.PublishMsg(msg)
			}
		}
	}
}

// poisonLetters stores dead letters that are none, of ranges that are none, or of numbers that are queued.
func poisonLetters(_ *siege, nc *nats.Conn) {
	for _, job := range []string{"nothing", "before"} {
		for _, r := range []string{"100-1", "0-4097", "0-9007199254740991", "x", "00-1", "9007199254740990-1"} {
			for _, writer := range []string{"sweeper", "worker-1", "x"} {
				nc.Publish(schema.DeadPrefix+job+"."+r+"."+writer, []byte(terminal))
			}
		}
	}
}

// poisonStandings stores standings that are none, and more than are read.
func poisonStandings(_ *siege, nc *nats.Conn) {
	for i := range 3000 {
		put(nc, fmt.Sprint("worker.w", i), []byte(`{"strikes":[{"seq":1,"reason":"`+"x"+`"}]}`))
	}
	for i, value := range []string{"{", "", "null", `{"strikes":5}`, `{"quarantined":"0000-01-01T00:00:00Z"}`, `{"reason":"` + strings.Repeat("x", 100<<10) + `"}`} {
		put(nc, fmt.Sprint("worker.v", i), []byte(value))
	}
}

// poisonLeases has processes seem to be alive that are not, and jobs seem to be held.
func poisonLeases(_ *siege, nc *nats.Conn) {
	for _, key := range []string{"process.supervisor.ghost", "process.supervisor.ghost2", "process.supervisor." + strings.Repeat("g", 100), "before.feed", "nothing", "nothing.feed", "a.b.c.d", "UPPER"} {
		msg := nats.NewMsg(schema.KeyPrefix(schema.BucketLeases) + key)
		msg.Data = []byte("ghost" + terminal)
		msg.Header.Set("Nats-TTL", "5s")
		nc.PublishMsg(msg)
	}
}
