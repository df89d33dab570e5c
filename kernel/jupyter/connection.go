package jupyter

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
)

// Connection is the content of a connection file: where a kernel listens and the key that signs its messages.
type Connection struct {
	Transport       string `json:"transport"`
	IP              string `json:"ip"`
	ShellPort       int    `json:"shell_port"`
	IOPubPort       int    `json:"iopub_port"`
	StdinPort       int    `json:"stdin_port"`
	ControlPort     int    `json:"control_port"`
	HeartbeatPort   int    `json:"hb_port"`
	Key             string `json:"key"`
	SignatureScheme string `json:"signature_scheme"`
	KernelName      string `json:"kernel_name,omitempty"`
}

// NewConnection picks five free ports on the loopback interface and a random key. The ports are free when it returns;
// another program may take one before the kernel does, which then fails to start and is started again with others.
func NewConnection() (Connection, error) {
	c := Connection{Transport: "tcp", IP: "127.0.0.1", Key: NewID(), SignatureScheme: "hmac-sha256"}
	for _, port := range []*int{&c.ShellPort, &c.IOPubPort, &c.StdinPort, &c.ControlPort, &c.HeartbeatPort} {
		l, err := net.Listen("tcp", c.IP+":0")
		if err != nil {
			return c, fmt.Errorf("jupyter: no free port on %s: %w", c.IP, err)
		}
		defer l.Close() // held until all five are chosen, so that they differ
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return c, nil
}

// Write writes the connection file, readable by its owner alone because it holds the key.
func (c Connection) Write(path string) error {
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("jupyter: connection file: %w", err)
	}
	return nil
}

func (c Connection) endpoint(port int) string {
	return fmt.Sprintf("%s://%s:%d", c.Transport, c.IP, port)
}
