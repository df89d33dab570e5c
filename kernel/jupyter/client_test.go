package jupyter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func connect(t *testing.T, k *fakeKernel, o Options) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, err := Connect(ctx, k.connection, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestExecuteCollectsOutput(t *testing.T) {
	k := newFakeKernel(t, func(c *call) {
		c.stdout("one ")
		// The reply overtakes the output here: idle, not the reply, ends the execution.
		c.reply(Shell, "execute_reply", map[string]any{"status": "ok", "execution_count": 7})
		time.Sleep(50 * time.Millisecond)
		c.stdout("two " + c.code)
		c.publish("status", map[string]any{"execution_state": "idle"})
	})
	client := connect(t, k, Options{})
	var got texts
	reply, err := client.Execute(t.Context(), "three", got.sink)
	if err != nil || reply.Status != "ok" || reply.ExecutionCount != 7 {
		t.Fatalf("reply %+v, error %v", reply, err)
	}
	if got.String() != "one two three" {
		t.Errorf("output %q", got.String())
	}
}

func TestExecuteReportsErrors(t *testing.T) {
	k := newFakeKernel(t, func(c *call) {
		c.reply(Shell, "execute_reply", map[string]any{"status": "error", "ename": "E", "evalue": "V", "traceback": []string{"T"}})
		c.publish("status", map[string]any{"execution_state": "idle"})
	})
	reply, err := connect(t, k, Options{}).Execute(t.Context(), "", nil)
	if err != nil || reply.Status != "error" || reply.Name != "E" || reply.Value != "V" || reply.Traceback[0] != "T" {
		t.Fatalf("reply %+v, error %v", reply, err)
	}
}

func TestOutputAfterTheEndReachesItsCell(t *testing.T) {
	late := make(chan *call, 2)
	k := newFakeKernel(t, func(c *call) {
		c.ok()
		late <- c
	})
	client := connect(t, k, Options{})
	var first, second texts
	for _, x := range []*texts{&first, &second} {
		if _, err := client.Execute(t.Context(), "", x.sink); err != nil {
			t.Fatal(err)
		}
	}
	(<-late).stdout("late")
	for range 100 {
		if first.String() != "" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if first.String() != "late" || second.String() != "" {
		t.Errorf("first %q, second %q", first.String(), second.String())
	}
}

func TestDeathInMidCell(t *testing.T) {
	var k *fakeKernel
	k = newFakeKernel(t, func(c *call) {
		c.stdout("last words")
		time.Sleep(50 * time.Millisecond)
		k.die()
	})
	client := connect(t, k, Options{})
	var got texts
	start := time.Now()
	_, err := client.Execute(t.Context(), "", got.sink)
	if !errors.Is(err, ErrDied) {
		t.Fatalf("error %v, must be ErrDied", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("noticed after %v", d)
	}
	if got.String() != "last words" {
		t.Errorf("output %q", got.String())
	}
	if _, err := client.Execute(t.Context(), "", nil); !errors.Is(err, ErrDied) {
		t.Errorf("the next cell: error %v, must be ErrDied", err)
	}
}

func TestSilentHeartCountsAsDead(t *testing.T) {
	k := newFakeKernel(t, func(c *call) { close(c.k.mute) })
	client := connect(t, k, Options{Silence: 400 * time.Millisecond})
	_, err := client.Execute(t.Context(), "", nil)
	if !errors.Is(err, ErrDied) || !strings.Contains(err.Error(), "heartbeat") {
		t.Fatalf("error %v, must be ErrDied for want of a heartbeat", err)
	}
}

// The interrupt is answered on the control channel, as the protocol has it, and on the shell channel, as GoNB does.
func TestTimeoutInterrupts(t *testing.T) {
	for _, channel := range []Channel{Control, Shell} {
		t.Run(string(channel), func(t *testing.T) {
			k := newFakeKernel(t, func(c *call) {
				<-c.k.interrupts
				c.stdout("^C")
				c.ok()
			})
			k.replyOn = channel
			client := connect(t, k, Options{})
			cause := errors.New("too slow")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, cause)
			defer cancel()
			var got texts
			if _, err := client.Execute(ctx, "", got.sink); err != cause {
				t.Fatalf("error %v, must be %v", err, cause)
			}
			if got.String() != "^C" {
				t.Errorf("output %q: the interrupted cell was not waited for", got.String())
			}
		})
	}
}

func TestInterruptThatIsIgnoredEndsWithTheGrace(t *testing.T) {
	k := newFakeKernel(t, func(*call) {})
	client := connect(t, k, Options{Grace: 200 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Execute(ctx, "", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	if len(k.interrupts) != 1 {
		t.Errorf("%d interrupts, must be 1", len(k.interrupts))
	}
}

func TestControlRequestsAnsweredOnTheShellSocket(t *testing.T) {
	for _, channel := range []Channel{Control, Shell} {
		k := newFakeKernel(t, nil)
		k.replyOn = channel
		client := connect(t, k, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := client.Interrupt(ctx); err != nil {
			t.Errorf("interrupt answered on %s: %v", channel, err)
		}
		if err := client.Shutdown(ctx); err != nil {
			t.Errorf("shutdown answered on %s: %v", channel, err)
		}
	}
}

func TestInputIsAnsweredOrRefused(t *testing.T) {
	ask := func(c *call) {
		c.reply(Stdin, "input_request", map[string]any{"prompt": "name?", "password": false})
		select {
		case m := <-c.k.inputs:
			c.stdout(contentString(m, "value"))
		case <-c.k.interrupts:
		}
		c.ok()
	}
	var got texts
	answering := connect(t, newFakeKernel(t, ask), Options{Input: func(prompt string, _ bool) string { return prompt + " me" }})
	if _, err := answering.Execute(t.Context(), "", got.sink); err != nil || got.String() != "name? me" {
		t.Errorf("output %q, error %v", got.String(), err)
	}
	if _, err := connect(t, newFakeKernel(t, ask), Options{}).Execute(t.Context(), "", nil); err != ErrInput {
		t.Errorf("error %v, must be ErrInput", err)
	}
}

func TestConnectGivesUp(t *testing.T) {
	connection, err := NewConnection() // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Connect(ctx, connection, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
}

func TestWrongKeyIsNotHeard(t *testing.T) {
	k := newFakeKernel(t, func(c *call) {
		forged := *c
		forged.key = "another key"
		forged.stdout("forged")
		c.stdout("true")
		c.ok()
	})
	var got texts
	if _, err := connect(t, k, Options{}).Execute(t.Context(), "", got.sink); err != nil || got.String() != "true" {
		t.Errorf("output %q, error %v", got.String(), err)
	}
}
