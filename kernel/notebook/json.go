package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// object is a JSON object whose numbers are json.Number, so that they are written as they were read.
type object = map[string]any

// encode writes v as Python's json.dumps(sort_keys=True, indent=1, ensure_ascii=False) does.
func encode(b *bytes.Buffer, v any, indent int) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case json.Number:
		b.WriteString(v.String())
	case string:
		encodeString(b, v)
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		b.WriteByte('[')
		for i, item := range v {
			newline(b, i, indent+1)
			encode(b, item, indent+1)
		}
		newline(b, 0, indent)
		b.WriteByte(']')
	case object:
		if len(v) == 0 {
			b.WriteString("{}")
			return
		}
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			newline(b, i, indent+1)
			encodeString(b, key)
			b.WriteString(": ")
			encode(b, v[key], indent+1)
		}
		newline(b, 0, indent)
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("notebook: no JSON for %T", v)) // the package itself builds every value from these types
	}
}

func newline(b *bytes.Buffer, item, indent int) {
	if item > 0 {
		b.WriteByte(',')
	}
	b.WriteByte('\n')
	for range indent {
		b.WriteByte(' ')
	}
}

var escapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func encodeString(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch e, special := escapes[r]; {
		case special:
			b.WriteString(e)
		case r < 0x20:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r) // an invalid byte comes as U+FFFD
		}
	}
	b.WriteByte('"')
}

// splitLines cuts text after each end of line, keeping it, where Python's str.splitlines does.
func splitLines(text string) []any {
	lines := []any{}
	for len(text) > 0 {
		end := len(text)
		for i, r := range text {
			if !endsLine(r) {
				continue
			}
			end = i + utf8.RuneLen(r)
			if r == '\r' && end < len(text) && text[end] == '\n' {
				end++
			}
			break
		}
		lines = append(lines, text[:end])
		text = text[end:]
	}
	return lines
}

func endsLine(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// joinLines is the text of a JSON string or of an array of strings.
func joinLines(v any) (string, bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	list, ok := v.([]any)
	if !ok {
		return "", false
	}
	var b bytes.Buffer
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
	return b.String(), true
}
