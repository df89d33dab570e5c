package jupyter

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ProtocolVersion is the version that the client announces in its headers.
const ProtocolVersion = "5.3"

// delimiter parts the routing identities from the message proper.
const delimiter = "<IDS|MSG>"

// ErrSignature says that a message was not signed with the key of the connection.
var ErrSignature = errors.New("jupyter: message has a wrong signature")

// Header is the header of a message; the zero Header is the absent parent.
type Header struct {
	ID       string `json:"msg_id,omitempty"`
	Username string `json:"username,omitempty"`
	Session  string `json:"session,omitempty"`
	Date     string `json:"date,omitempty"`
	Type     string `json:"msg_type,omitempty"`
	Version  string `json:"version,omitempty"`
}

// Message is one message of the protocol, without its routing identities.
type Message struct {
	Channel  Channel
	Header   Header
	Parent   Header
	Metadata map[string]any
	Content  json.RawMessage
	Buffers  [][]byte
}

// Channel names the socket that a message came by or goes to.
type Channel string

// The channels of a kernel; the heartbeat carries bare bytes and no messages.
const (
	Shell   Channel = "shell"
	Control Channel = "control"
	IOPub   Channel = "iopub"
	Stdin   Channel = "stdin"
)

// NewID returns a random identifier of 32 hexadecimal digits.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// NewMessage makes a message of the given type with a fresh id.
func NewMessage(session, kind string, content any) (Message, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return Message{}, fmt.Errorf("jupyter: content of %s: %w", kind, err)
	}
	return Message{
		Header: Header{
			ID: NewID(), Username: "workbench", Session: session,
			Date: time.Now().UTC().Format(time.RFC3339Nano), Type: kind, Version: ProtocolVersion,
		},
		Content: raw,
	}, nil
}

// Encode returns the frames of m, signed with key; an empty key signs nothing, as the protocol allows.
func (m Message) Encode(key []byte) ([][]byte, error) {
	metadata := m.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	frames := [][]byte{[]byte(delimiter), nil}
	for _, part := range []any{m.Header, m.Parent, metadata, m.Content} {
		raw, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("jupyter: %s: %w", m.Header.Type, err)
		}
		frames = append(frames, raw)
	}
	frames[1] = Sign(key, frames[2:6]...)
	return append(frames, m.Buffers...), nil
}

// Decode reads the frames of a message, checks its signature against key, and returns the routing identities that
// stood before the delimiter. The error is ErrSignature or says which part is malformed.
func Decode(frames [][]byte, key []byte) (identities [][]byte, m Message, err error) {
	at := 0
	for at < len(frames) && string(frames[at]) != delimiter {
		at++
	}
	if len(frames) < at+6 {
		return nil, m, fmt.Errorf("jupyter: message has %d frames after its identities, must be at least 6", len(frames)-at)
	}
	identities, frames = frames[:at], frames[at+1:]
	if !Verify(key, frames[0], frames[1:5]...) {
		return nil, m, ErrSignature
	}
	for i, part := range []struct {
		name string
		into any
	}{{"header", &m.Header}, {"parent header", &m.Parent}, {"metadata", &m.Metadata}, {"content", &m.Content}} {
		if err := json.Unmarshal(frames[i+1], part.into); err != nil {
			return nil, m, fmt.Errorf("jupyter: %s of a message is not JSON: %w", part.name, err)
		}
	}
	m.Buffers = frames[5:]
	return identities, m, nil
}

// Sign returns the HMAC-SHA256 of parts in hexadecimal, or nothing when key is empty.
func Sign(key []byte, parts ...[]byte) []byte {
	if len(key) == 0 {
		return []byte{}
	}
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

// Verify says whether signature is that of parts; with an empty key everything passes.
func Verify(key, signature []byte, parts ...[]byte) bool {
	return len(key) == 0 || hmac.Equal(signature, Sign(key, parts...))
}
