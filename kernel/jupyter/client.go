package jupyter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// ErrDied says that the kernel ended, or fell silent, while the client needed it.
var ErrDied = errors.New("kernel died")

// ErrInput says that a cell asked for input and nobody is there to answer.
var ErrInput = errors.New("cell asks for input, but notebooks run unattended")

// Options of a client; the zero value is right for an unattended run.
type Options struct {
	// Process is the kernel's process, when this program started it: its exit is then known at once.
	Process *Process
	// Input answers a cell that asks for input; nil refuses and interrupts the cell.
	Input func(prompt string, password bool) string
	// Silence is how long the heartbeat may stay unanswered before the kernel counts as dead; 0 is 30 seconds.
	Silence time.Duration
	// Grace is how long an interrupted cell may take to end; 0 is 6 seconds, since GoNB gives its cells 5.
	Grace time.Duration
}

// Client talks to one kernel. Its methods may be called from several goroutines.
type Client struct {
	options Options
	key     []byte
	session string

	life   context.Context // ends with Close
	cancel context.CancelFunc

	sockets map[Channel]zmq4.Socket
	beat    zmq4.Socket
	sendMu  sync.Mutex

	mu       sync.Mutex
	requests map[string]*request
	closing  bool
	lost     chan struct{}
	lostErr  error // set before lost is closed
}

// request is a message of ours that waits for its reply and, when wanted, for the status idle that follows all output.
type request struct {
	sink           func(Message)
	needIdle, idle bool
	reply          *Message
	asked          bool // for input, and was refused
	done           chan struct{}
}

// Connect dials the five sockets of a kernel that is listening or about to, and waits until it answers. ctx bounds the
// waiting only.
func Connect(ctx context.Context, at Connection, options Options) (*Client, error) {
	if options.Silence == 0 {
		options.Silence = 30 * time.Second
	}
	if options.Grace == 0 {
		options.Grace = 6 * time.Second
	}
	c := &Client{
		options: options, key: []byte(at.Key), session: NewID(),
		requests: map[string]*request{}, lost: make(chan struct{}), sockets: map[Channel]zmq4.Socket{},
	}
	c.life, c.cancel = context.WithCancel(context.Background())
	if options.Process != nil {
		go func() {
			select {
			case <-options.Process.Exited():
				c.lose(options.Process.Reason())
			case <-c.life.Done():
			}
		}()
	}
	c.open()
	var dialErr error
	dialed := make(chan struct{})
	go func() {
		defer close(dialed)
		dialErr = c.dial(at)
	}()
	err := c.await(ctx, dialed)
	if err == nil {
		err = dialErr
	}
	if err == nil {
		c.listen()
		err = c.ready(ctx)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("kernel does not start: %w", err)
	}
	return c, nil
}

// await waits for done, or says why it will not come.
func (c *Client) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-c.lost:
		return c.lostErr
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) open() {
	options := []zmq4.Option{
		// One identity on all three sockets: GoNB answers a control request on the shell socket, by this identity.
		zmq4.WithID(zmq4.SocketIdentity(c.session)),
		zmq4.WithDialerRetry(20 * time.Millisecond), zmq4.WithDialerMaxRetries(-1),
		zmq4.WithLogger(log.New(io.Discard, "", 0)),
	}
	c.sockets[IOPub] = zmq4.NewSub(c.life, options...)
	c.sockets[Shell] = zmq4.NewDealer(c.life, options...)
	c.sockets[Control] = zmq4.NewDealer(c.life, options...)
	c.sockets[Stdin] = zmq4.NewDealer(c.life, options...)
	c.beat = zmq4.NewReq(c.life, options...)
}

func (c *Client) dial(at Connection) error {
	if err := c.sockets[IOPub].SetOption(zmq4.OptionSubscribe, ""); err != nil {
		return err
	}
	for _, s := range []struct {
		socket zmq4.Socket
		port   int
	}{
		{c.sockets[IOPub], at.IOPubPort}, {c.sockets[Shell], at.ShellPort}, {c.sockets[Control], at.ControlPort},
		{c.sockets[Stdin], at.StdinPort}, {c.beat, at.HeartbeatPort},
	} {
		if err := s.socket.Dial(at.endpoint(s.port)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) listen() {
	for name, socket := range c.sockets {
		go c.read(name, socket)
	}
	go c.listenToHeart()
}

// ready asks for the kernel's information until both the reply and the status on iopub have come: a subscription takes
// effect some time after the connection, and what was published before is gone.
func (c *Client) ready(ctx context.Context) error {
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		r, err := c.send(Shell, "kernel_info_request", struct{}{}, nil, true)
		if err != nil {
			return err
		}
		attempt, cancel := context.WithTimeout(ctx, wait)
		err = c.await(attempt, r.done)
		cancel()
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrDied) {
			return err
		}
	}
}

func (c *Client) send(channel Channel, kind string, content any, sink func(Message), needIdle bool) (*request, error) {
	m, err := NewMessage(c.session, kind, content)
	if err != nil {
		return nil, err
	}
	r := &request{sink: sink, needIdle: needIdle, done: make(chan struct{})}
	c.mu.Lock()
	c.requests[m.Header.ID] = r // stays for ever: output may still come after the cell's end
	c.mu.Unlock()
	return r, c.transmit(channel, m)
}

func (c *Client) transmit(channel Channel, m Message) error {
	frames, err := m.Encode(c.key)
	if err != nil {
		return err
	}
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	if err := c.sockets[channel].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		return fmt.Errorf("jupyter: %s on %s: %w", m.Header.Type, channel, err)
	}
	return nil
}

func (c *Client) read(name Channel, socket zmq4.Socket) {
	for {
		raw, err := socket.Recv()
		if err != nil {
			c.lose(fmt.Errorf("%w: its %s channel closed", ErrDied, name))
			return
		}
		_, m, err := Decode(raw.Frames, c.key)
		if err != nil {
			continue // not from our kernel, or mangled: the protocol says to drop it
		}
		m.Channel = name
		c.dispatch(m)
	}
}

// dispatch hands a message to the request that caused it.
func (c *Client) dispatch(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.requests[m.Parent.ID]
	if r == nil {
		return
	}
	switch {
	case m.Header.Type == "input_request":
		go c.answer(r, m)
		return
	case m.Header.Type == "status":
		r.idle = r.idle || contentString(m, "execution_state") == "idle"
	case isReply(m):
		if r.reply == nil {
			r.reply = &m
		}
	default:
		if r.sink != nil {
			r.sink(m)
		}
		return
	}
	if r.reply != nil && (r.idle || !r.needIdle) {
		select {
		case <-r.done:
		default:
			close(r.done)
		}
	}
}

// answer replies to a cell that wants input; without anyone to ask it interrupts the cell.
func (c *Client) answer(r *request, m Message) {
	if c.options.Input == nil {
		c.mu.Lock()
		r.asked = true
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(c.life, c.options.Grace)
		defer cancel()
		_ = c.Interrupt(ctx)
		return
	}
	value := c.options.Input(contentString(m, "prompt"), contentString(m, "password") == "true")
	reply, err := NewMessage(c.session, "input_reply", map[string]any{"status": "ok", "value": value})
	if err != nil {
		return
	}
	reply.Parent = m.Header
	_ = c.transmit(Stdin, reply)
}

// lose records the first reason why the kernel is gone. The end of its process explains more than a closed socket, so
// that is given a moment to be noticed.
func (c *Client) lose(err error) {
	if p := c.options.Process; p != nil {
		select {
		case <-p.Exited():
			err = p.Reason()
		case <-time.After(time.Second):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	select {
	case <-c.lost:
	default:
		c.lostErr = err
		close(c.lost)
	}
}

// Close drops the connection and leaves the kernel as it is.
func (c *Client) Close() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	c.cancel()
	for _, socket := range c.sockets {
		socket.Close()
	}
	c.beat.Close()
}
