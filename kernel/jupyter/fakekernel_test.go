package jupyter

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"sync"
	"testing"

	"github.com/go-zeromq/zmq4"
)

// fakeKernel is a kernel inside the test: five ZeroMQ sockets on the loopback interface and a script of answers.
type fakeKernel struct {
	t          *testing.T
	connection Connection
	sockets    map[Channel]zmq4.Socket
	beat       zmq4.Socket
	mute       chan struct{} // closed: the heartbeat is no longer answered
	replyOn    Channel       // where requests of the control channel are answered
	execute    func(k *call) // an execute_request, on its own goroutine
	interrupts chan struct{} // one for each interrupt_request
	inputs     chan Message  // one for each input_reply
	mu         sync.Mutex
}

// call is a request being served.
type call struct {
	k          *fakeKernel
	identities [][]byte
	request    Message
	code       string
	key        string
}

func newFakeKernel(t *testing.T, execute func(*call)) *fakeKernel {
	t.Helper()
	connection, err := NewConnection()
	if err != nil {
		t.Fatal(err)
	}
	k := &fakeKernel{
		t: t, connection: connection, mute: make(chan struct{}), replyOn: Control, execute: execute,
		interrupts: make(chan struct{}, 8), inputs: make(chan Message, 8),
	}
	quiet := zmq4.WithLogger(log.New(io.Discard, "", 0))
	ctx := context.Background()
	k.sockets = map[Channel]zmq4.Socket{
		Shell: zmq4.NewRouter(ctx, quiet), Control: zmq4.NewRouter(ctx, quiet),
		Stdin: zmq4.NewRouter(ctx, quiet), IOPub: zmq4.NewPub(ctx, quiet),
	}
	k.beat = zmq4.NewRep(ctx, quiet)
	for socket, port := range map[zmq4.Socket]int{
		k.sockets[Shell]: connection.ShellPort, k.sockets[Control]: connection.ControlPort,
		k.sockets[Stdin]: connection.StdinPort, k.sockets[IOPub]: connection.IOPubPort, k.beat: connection.HeartbeatPort,
	} {
		if err := socket.Listen(connection.endpoint(port)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []Channel{Shell, Control, Stdin} {
		go k.serve(c)
	}
	go k.echo()
	t.Cleanup(k.die)
	return k
}

// die closes every socket, as the system does for a killed process.
func (k *fakeKernel) die() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.sockets {
		s.Close()
	}
	k.beat.Close()
}

func (k *fakeKernel) echo() {
	for {
		m, err := k.beat.Recv()
		if err != nil {
			return
		}
		select {
		case <-k.mute:
			return
		default:
			k.beat.Send(m)
		}
	}
}

func (k *fakeKernel) serve(channel Channel) {
	for {
		raw, err := k.sockets[channel].Recv()
		if err != nil {
			return
		}
		identities, m, err := Decode(raw.Frames, []byte(k.connection.Key))
		if err != nil {
			k.t.Errorf("kernel got %v", err)
			return
		}
		c := &call{k: k, identities: identities, request: m, key: k.connection.Key}
		switch m.Header.Type {
		case "kernel_info_request":
			c.publish("status", map[string]any{"execution_state": "busy"})
			c.reply(Shell, "kernel_info_reply", map[string]any{"status": "ok", "protocol_version": "5.4"})
			c.publish("status", map[string]any{"execution_state": "idle"})
		case "execute_request":
			c.code = contentString(m, "code")
			go func() {
				c.publish("status", map[string]any{"execution_state": "busy"})
				k.execute(c)
			}()
		case "interrupt_request":
			k.interrupts <- struct{}{}
			c.reply(k.replyOn, "interrupt_reply", map[string]any{"status": "ok"})
		case "shutdown_request":
			c.reply(k.replyOn, "shutdown_reply", map[string]any{"status": "ok", "restart": false})
		case "input_reply":
			k.inputs <- m
		}
	}
}

func (c *call) message(kind string, content any) [][]byte {
	m, err := NewMessage("kernel", kind, content)
	if err != nil {
		c.k.t.Error(err)
	}
	m.Parent = c.request.Header
	frames, err := m.Encode([]byte(c.key))
	if err != nil {
		c.k.t.Error(err)
	}
	return frames
}

func (c *call) reply(on Channel, kind string, content any) {
	c.k.mu.Lock()
	defer c.k.mu.Unlock()
	frames := append(append([][]byte{}, c.identities...), c.message(kind, content)...)
	c.k.sockets[on].SendMulti(zmq4.NewMsgFrom(frames...))
}

func (c *call) publish(kind string, content any) {
	c.k.mu.Lock()
	defer c.k.mu.Unlock()
	c.k.sockets[IOPub].SendMulti(zmq4.NewMsgFrom(c.message(kind, content)...))
}

func (c *call) stdout(text string) {
	c.publish("stream", map[string]any{"name": "stdout", "text": text})
}

// ok ends a call as a kernel does: a reply on the shell channel and idle on iopub.
func (c *call) ok() {
	c.reply(Shell, "execute_reply", map[string]any{"status": "ok", "execution_count": 1})
	c.publish("status", map[string]any{"execution_state": "idle"})
}

// texts collects the text of stream messages.
type texts struct {
	mu  sync.Mutex
	all string
}

func (x *texts) sink(m Message) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var content struct{ Text string }
	if json.Unmarshal(m.Content, &content) == nil {
		x.all += content.Text
	}
}

func (x *texts) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.all
}
