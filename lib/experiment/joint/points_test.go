package joint

import (
	"slices"
	"strings"
	"testing"
)

func TestPoints(t *testing.T) {
	root := t.TempDir()
	want := []Point{{"a", "test", DOTAMethod, 3, 0.1, 0.10371, 300, 250, 4, 5}, {"a", "dev", DenseMethod, 0, 1, 1, 200, 160, 0, 0}}
	if got, err := ReadPoints(root, "a"); got != nil || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	if err := WritePoints(root, "a", want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadPoints(root, "a"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, must be %v", got, err, want)
	}
}

func FuzzParsePoints(f *testing.F) {
	heading := strings.Join(pointColumns, ",") + "\n"
	f.Add([]byte(heading + "a,test,DOTA,3,0.1,0.1,300,250,4,5\n"))
	f.Add([]byte(heading + "a,test,DOTA,x,0.1,0.1,300,250,4,5\n"))
	f.Add([]byte(heading + "a,test,DOTA,3,0,0.1,300,250,4,5\n"))
	f.Add([]byte("task\n"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, text []byte) {
		points, err := parsePoints(text)
		if err == nil {
			for _, p := range points {
				if p.Examples < 1 || p.Correct > p.Examples || !(p.Retention > 0 && p.Retention <= 1) {
					t.Errorf("%+v is accepted", p)
				}
			}
		}
	})
}
