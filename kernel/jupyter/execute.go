package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Reply is the end of an execution as the kernel reports it.
type Reply struct {
	Status         string   `json:"status"` // "ok", "error" or "aborted"
	ExecutionCount int      `json:"execution_count"`
	Name           string   `json:"ename"`
	Value          string   `json:"evalue"`
	Traceback      []string `json:"traceback"`
}

// settle is left for reading what a kernel had sent before it died.
const settle = 100 * time.Millisecond

// Execute runs code and waits until the kernel has replied and is idle again. sink gets every message that the code
// causes (stream, display_data, update_display_data, execute_result, error, clear_output), one at a time, and must not
// call the client; GoNB may hand it a straggler even after Execute returned. When ctx ends, the code is interrupted, given
// its grace, and the cause of ctx returned. A kernel that dies gives an error that wraps ErrDied.
func (c *Client) Execute(ctx context.Context, code string, sink func(Message)) (Reply, error) {
	var reply Reply
	r, err := c.send(Shell, "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{},
		"allow_stdin": c.options.Input != nil, "stop_on_error": true,
	}, sink, true)
	if err != nil {
		return reply, c.gone(err)
	}
	select {
	case <-r.done:
	case <-c.lost:
		time.Sleep(settle)
		return reply, c.lostErr
	case <-ctx.Done():
		c.stop(r)
		return reply, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := json.Unmarshal(r.reply.Content, &reply); err != nil {
		return reply, fmt.Errorf("jupyter: execute_reply: %w", err)
	}
	if r.asked {
		return reply, ErrInput
	}
	return reply, nil
}

// stop interrupts a running request and waits for its end, but not longer than the grace.
func (c *Client) stop(r *request) {
	ctx, cancel := context.WithTimeout(c.life, c.options.Grace)
	defer cancel()
	_ = c.Interrupt(ctx)
	select {
	case <-r.done:
	case <-c.lost:
	case <-ctx.Done():
	}
}

// Interrupt asks the kernel to stop the running code, by message or by signal as its kernelspec says, and returns when it
// has taken note; the code ends some time later.
func (c *Client) Interrupt(ctx context.Context) error {
	if p := c.options.Process; p != nil && p.spec.InterruptMode != "message" {
		return p.Interrupt()
	}
	return c.control(ctx, "interrupt_request", struct{}{})
}

// Shutdown asks the kernel to end, waits for it while ctx lasts, and closes the client.
func (c *Client) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true // from here on a closed socket is what we want
	c.mu.Unlock()
	defer c.Close()
	p := c.options.Process
	if p == nil {
		return c.control(ctx, "shutdown_request", map[string]any{"restart": false})
	}
	// The reply may be lost when the kernel closes its sockets: its exit counts.
	_, err := c.send(Control, "shutdown_request", map[string]any{"restart": false}, nil, false)
	if err != nil {
		return c.gone(err)
	}
	select {
	case <-p.Exited():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// control sends a request on the control channel and waits for its reply, on whatever channel it comes.
func (c *Client) control(ctx context.Context, kind string, content any) error {
	r, err := c.send(Control, kind, content, nil, false)
	if err != nil {
		return c.gone(err)
	}
	return c.await(ctx, r.done)
}

// gone prefers the reason of a lost kernel to the error of the socket that noticed.
func (c *Client) gone(err error) error {
	select {
	case <-c.lost:
		return c.lostErr
	case <-time.After(time.Second):
		return err
	}
}

func isReply(m Message) bool {
	return (m.Channel == Shell || m.Channel == Control) && strings.HasSuffix(m.Header.Type, "_reply")
}

// contentString returns one field of a message's content as text, or "".
func contentString(m Message, field string) string {
	var content map[string]any
	if json.Unmarshal(m.Content, &content) != nil || content[field] == nil {
		return ""
	}
	return fmt.Sprint(content[field])
}
