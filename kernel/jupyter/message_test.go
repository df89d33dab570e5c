package jupyter

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The value is that of `printf abc | openssl dgst -sha256 -hmac key`.
func TestSignature(t *testing.T) {
	const want = "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"
	if got := string(Sign([]byte("key"), []byte("a"), nil, []byte("bc"))); got != want {
		t.Errorf("signature %s, must be %s", got, want)
	}
	if len(Sign(nil, []byte("a"))) != 0 || !Verify(nil, []byte("anything"), []byte("a")) {
		t.Error("an empty key must switch signing off")
	}
}

func TestMessageRoundTrip(t *testing.T) {
	key := []byte("secret")
	want, err := NewMessage("session", "stream", map[string]any{"text": "ünïcode <&>"})
	if err != nil {
		t.Fatal(err)
	}
	want.Parent = Header{ID: "parent", Type: "execute_request"}
	want.Metadata = map[string]any{"a": "b"}
	want.Buffers = [][]byte{{1, 2}, {}}
	frames, err := want.Encode(key)
	if err != nil {
		t.Fatal(err)
	}
	identities, got, err := Decode(append([][]byte{[]byte("who"), []byte("from")}, frames...), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(identities) != 2 || string(identities[0]) != "who" {
		t.Errorf("identities %q", identities)
	}
	got.Content, want.Content = normal(t, got.Content), normal(t, want.Content)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := 1; i < 6; i++ {
		bad := append([][]byte{}, frames...)
		bad[i] = append(bytes.Clone(bad[i]), ' ')
		if _, _, err := Decode(bad, key); !errors.Is(err, ErrSignature) {
			t.Errorf("frame %d changed: error %v", i, err)
		}
	}
}

func normal(t *testing.T, raw json.RawMessage) json.RawMessage {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(v)
	return out
}

func TestAnAbsentParentIsAnEmptyObject(t *testing.T) {
	m, _ := NewMessage("s", "x", struct{}{})
	frames, err := m.Encode(nil)
	if err != nil || string(frames[3]) != "{}" {
		t.Errorf("parent header %s, error %v", frames[3], err)
	}
}

func FuzzDecode(f *testing.F) {
	m, _ := NewMessage("s", "status", map[string]any{"execution_state": "idle"})
	frames, _ := m.Encode(nil)
	f.Add(bytes.Join(frames, []byte("\n")))
	f.Add([]byte("<IDS|MSG>"))
	f.Add([]byte("id\n<IDS|MSG>\n\n{}\n{}\n{}\n[]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, m, err := Decode(bytes.Split(raw, []byte("\n")), nil)
		if err != nil {
			return
		}
		frames, err := m.Encode([]byte("k"))
		if err != nil {
			t.Fatalf("decoded but not encoded: %v", err)
		}
		if _, again, err := Decode(frames, []byte("k")); err != nil || again.Header != m.Header || again.Parent != m.Parent {
			t.Fatalf("second decoding: %v", err)
		}
	})
}
