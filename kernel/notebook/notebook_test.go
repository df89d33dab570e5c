package notebook

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sample = `{
 "cells": [
  {
   "attachments": {
    "a.svg": {
     "image/svg+xml": [
      "<svg>\n",
      "</svg>"
     ]
    }
   },
   "cell_type": "markdown",
   "id": "intro",
   "metadata": {},
   "source": [
    "# Title\n",
    "text <&> ünïcode"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "c2",
   "metadata": {
    "tags": [
     "parameters"
    ],
    "vendor": {
     "big": 12345678901234567890,
     "real": 1.50
    }
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "a\n",
      "b"
     ]
    },
    {
     "data": {
      "application/json": [
       "a\n",
       "b"
      ],
      "image/png": "aGVsbG8=\n",
      "text/html": [
       "<b>\n",
       "</b>"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    },
    {
     "data": {
      "text/plain": []
     },
     "execution_count": 3,
     "metadata": {},
     "output_type": "execute_result"
    },
    {
     "ename": "E",
     "evalue": "v",
     "output_type": "error",
     "traceback": [
      "line"
     ]
    }
   ],
   "source": []
  },
  {
   "cell_type": "raw",
   "id": "c3",
   "metadata": {},
   "source": [
    "raw\u0001\b"
   ]
  }
 ],
 "future": {},
 "metadata": {
  "kernelspec": {
   "display_name": "Go (gonb)",
   "language": "go",
   "name": "gonb"
  }
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

func TestRoundTripKeepsEveryByte(t *testing.T) {
	n, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample, string(n.Bytes())); diff != "" {
		t.Error(diff)
	}
	if !n.Cells[1].Tagged("parameters") || n.Cells[1].Outputs[0].Text != "a\nb" || n.Cells[1].ExecutionCount != 3 {
		t.Errorf("cell 2 is %+v", n.Cells[1])
	}
	if got := n.Cells[1].Outputs[1].Data["text/html"]; got != "<b>\n</b>" {
		t.Errorf("HTML %v", got)
	}
}

func TestOlderFormatsGetIDs(t *testing.T) {
	old := `{"nbformat":4,"nbformat_minor":2,"metadata":{},"cells":[
	  {"cell_type":"code","metadata":{},"source":"x","outputs":[],"execution_count":null},
	  {"cell_type":"markdown","metadata":{},"source":["y"]}]}`
	n, err := Parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	if n.Cells[0].ID != "cell-1" || n.Cells[1].ID != "cell-2" {
		t.Errorf("ids %q and %q", n.Cells[0].ID, n.Cells[1].ID)
	}
	if text := string(n.Bytes()); !strings.Contains(text, `"nbformat_minor": 5`) {
		t.Error("is not written as 4.5")
	}
}

func TestBadNotebooks(t *testing.T) {
	cell := func(s string) string { return `{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[` + s + `]}` }
	for _, c := range []struct{ text, want string }{
		{"", "ends in the middle"},
		{sample[:len(sample)/2], "line 48: the file ends in the middle"},
		{"# Title", "line 1: is not JSON"},
		{"[]", "not a JSON object"},
		{sample + "x", "more text after"},
		{`{"nbformat":3}`, "nbformat is 3, must be 4"},
		{`{"nbformat":5}`, "nbformat is 5, must be 4"},
		{`{"cells":[]}`, "nbformat is missing, must be 4"},
		{`{"nbformat":4,"nbformat_minor":5,"metadata":[],"cells":[]}`, "metadata"},
		{`{"nbformat":4,"nbformat_minor":5,"metadata":{}}`, "cells is not an array"},
		{cell(`1`), "cell 1: is not an object"},
		{cell(`{"id":"a","cell_type":"heading","source":""}`), `cell_type is "heading"`},
		{cell(`{"id":"a b","cell_type":"raw","source":""}`), `id is "a b"`},
		{cell(`{"cell_type":"raw","source":""}`), `id is missing`},
		{cell(`{"id":"a","cell_type":"raw","source":""},{"id":"a","cell_type":"raw","source":""}`), `also that of cell 1`},
		{cell(`{"id":"a","cell_type":"raw","source":3}`), `source`},
		{cell(`{"id":"a","cell_type":"code","source":""}`), `outputs is not an array`},
		{cell(`{"id":"a","cell_type":"code","source":"","outputs":[{"output_type":"pyout"}]}`), `output 1: output_type is "pyout"`},
	} {
		_, err := Parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: error %v, must be one line with %q", c.text, err, c.want)
		}
	}
	if _, err := Read("missing.ipynb"); err == nil || !strings.HasPrefix(err.Error(), "missing.ipynb: ") {
		t.Errorf("missing file: %v", err)
	}
}

// Python's nbformat is the reference for the bytes of the file.
func TestBytesAreThoseOfPython(t *testing.T) {
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import nbformat").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("no python3 with nbformat here: apt-get install python3-nbformat")
	}
	text := strings.Replace(sample, `"real": 1.50`, `"real": 1.5`, 1) // Python reads numbers, and writes them shortest
	text = strings.Replace(text, `"a\n"`, `"a\r\n", "\u2028", "\u000b", "é\u0085", "\u001c"`, 1)
	n, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", "import nbformat,sys; sys.stdout.buffer.write((nbformat.writes(nbformat.reads(sys.stdin.buffer.read().decode(), 4))+'\\n').encode())")
	cmd.Stdin = strings.NewReader(text)
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(n.Bytes())); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"nbformat":4,"nbformat_minor":4,"cells":[{"cell_type":"code","source":["a","b"],"outputs":[]}]}`))
	f.Add([]byte(`{"nbformat":4,"nbformat_minor":5,"cells":[{"id":"x","cell_type":"raw","source":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := Parse(raw)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		once := n.Bytes()
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("own output is refused: %v", err)
		}
		if diff := cmp.Diff(string(once), string(again.Bytes())); diff != "" {
			t.Fatal(diff)
		}
	})
}
