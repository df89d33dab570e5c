package datasets_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparse-attention/workbench/datasets"
)

func TestImageCounts(t *testing.T) {
	for name, c := range map[string]struct {
		folder           string
		tokens           int
		train, dev, test int
	}{
		"fashion-mnist": {"", 50, 55000, 5000, 10000}, "cifar-10": {"cifar10", 65, 45000, 5000, 10000},
	} {
		t.Run(name, func(t *testing.T) {
			if c.folder != "" {
				realData(t, c.folder)
			}
			d, err := datasets.Open(name, datasets.Options{})
			if errors.Is(err, datasets.ErrNoData) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Train) != c.train || len(d.Dev) != c.dev || len(d.Test) != c.test {
				t.Errorf("%d / %d / %d images, want %d / %d / %d", len(d.Train), len(d.Dev), len(d.Test), c.train, c.dev, c.test)
			}
			for s, examples := range [][]datasets.Example{d.Train, d.Dev, d.Test} {
				for class, share := range datasets.LabelShares(examples, 10) {
					if share < 0.09 || share > 0.11 {
						t.Errorf("split %d: class %s has a share of %.3f, all have a tenth", s, d.Classes[class], share)
					}
				}
			}
			if n := len(d.Train[0].IDs); n != c.tokens {
				t.Errorf("%d tokens an image, want %d", n, c.tokens)
			}
		})
	}
}

func idx(values []byte, dims ...uint32) string {
	var b bytes.Buffer
	b.Write([]byte{0, 0, 8, byte(len(dims))})
	binary.Write(&b, binary.BigEndian, dims)
	b.Write(values)
	return b.String()
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

// fashion is a data folder of 24 training and 2 test images; image i is grey i.
func fashion() map[string]string {
	pixels, labels := make([]byte, 24*784), make([]byte, 24)
	for i := range pixels {
		pixels[i] = byte(i / 784)
	}
	for i := range labels {
		labels[i] = byte(i % 10)
	}
	return map[string]string{
		"fashion-mnist/train-images-idx3-ubyte.gz": zipped(idx(pixels, 24, 28, 28)), "fashion-mnist/train-labels-idx1-ubyte.gz": zipped(idx(labels, 24)),
		"fashion-mnist/t10k-images-idx3-ubyte": idx(pixels[:2*784], 2, 28, 28), "fashion-mnist/t10k-labels-idx1-ubyte": idx(labels[:2], 2),
	}
}

func TestFashionFormats(t *testing.T) {
	root := folder(t, fashion())
	d := open(t, "fashion-mnist", datasets.Options{Data: root})
	if len(d.Train) != 22 || len(d.Dev) != 2 || len(d.Test) != 2 || d.Dev[0].Label != 1 || d.Dev[0].Image.Pixels[0] != 11 {
		t.Errorf("%d / %d / %d, dev 0 has label %d and grey %d", len(d.Train), len(d.Dev), len(d.Test), d.Dev[0].Label, d.Dev[0].Image.Pixels[0])
	}
	p := open(t, "fashion-mnist-pixels", datasets.Options{Data: root})
	if ids := p.Test[1].IDs; len(ids) != 785 || ids[0] != datasets.CLS || ids[1] != p.Vocabulary.ID("\x01") {
		t.Errorf("%d tokens, %v", len(ids), ids[:2])
	}
	for want, spoil := range map[string]func(files map[string]string){
		"t10k-labels-idx1-ubyte has 1 labels, must have 2": func(f map[string]string) { f["fashion-mnist/t10k-labels-idx1-ubyte"] = idx([]byte{0}, 1) },
		"label 0 is 11, must be in 0..9":                   func(f map[string]string) { f["fashion-mnist/t10k-labels-idx1-ubyte"] = idx([]byte{11, 0}, 2) },
		"images are 14 x 56 pixels, must be 28 x 28": func(f map[string]string) {
			f["fashion-mnist/t10k-images-idx3-ubyte"] = idx(make([]byte, 1568), 2, 14, 56)
		},
		"holds 1567 values, must hold 1568": func(f map[string]string) {
			f["fashion-mnist/t10k-images-idx3-ubyte"] = idx(make([]byte, 1567), 2, 28, 28)
		},
		"has 5 bytes, must have at least 8, its head": func(f map[string]string) { f["fashion-mnist/t10k-labels-idx1-ubyte"] = "\x00\x00\x08\x01\x00" },
		"begins with 00 00 0d 01": func(f map[string]string) {
			f["fashion-mnist/t10k-labels-idx1-ubyte"] = "\x00\x00\x0d\x01\x00\x00\x00\x02ab"
		},
		"not a whole gzip file": func(f map[string]string) { f["fashion-mnist/train-labels-idx1-ubyte.gz"] = "plain" },
		"ends in mid-stream": func(f map[string]string) {
			f["fashion-mnist/train-labels-idx1-ubyte.gz"] = f["fashion-mnist/train-labels-idx1-ubyte.gz"][:20]
		},
		"t10k-images-idx3-ubyte: no such file": func(f map[string]string) { delete(f, "fashion-mnist/t10k-images-idx3-ubyte") },
	} {
		files := fashion()
		spoil(files)
		_, err := datasets.Open("fashion-mnist", datasets.Options{Data: folder(t, files)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ubyte") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for want, o := range map[string]datasets.Options{
		"Options.Patch is 5, must divide": {Data: root, Patch: 5}, "Options.Overlap is 9, must be in 0..4": {Data: root, Overlap: 9},
	} {
		if _, err := datasets.Open("fashion-mnist", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestCIFARFormats(t *testing.T) {
	record := make([]byte, 3073)
	for p := range 1024 {
		record[1+p], record[1025+p], record[2049+p] = 200, 100, byte(p)
	}
	batch := strings.Repeat(string(record), 10)
	files := map[string]string{"cifar-10-batches-bin/test_batch.bin": batch}
	for _, n := range "12345" {
		files["cifar-10-batches-bin/data_batch_"+string(n)+".bin"] = batch
	}
	d := open(t, "cifar-10", datasets.Options{Data: folder(t, files)})
	if len(d.Train) != 45 || len(d.Dev) != 5 || len(d.Test) != 10 {
		t.Errorf("%d / %d / %d images, want 45 / 5 / 10", len(d.Train), len(d.Dev), len(d.Test))
	}
	if got := d.Train[0].Image.Pixels[3*33 : 3*34]; !slices.Equal(got, []byte{200, 100, 33}) {
		t.Errorf("pixel 33 is %v, want red 200, green 100, blue 33", got)
	}
	g := open(t, "cifar-10-pixels", datasets.Options{Data: folder(t, files)})
	// 0.299*200 + 0.587*100 + 0.114*0 = 118.5
	if id := g.Train[0].IDs[1]; len(g.Train[0].IDs) != 1025 || id != g.Vocabulary.ID("\x77") {
		t.Errorf("%d tokens, the first pixel is %d", len(g.Train[0].IDs), id)
	}
	files["cifar-10-batches-bin/data_batch_3.bin"] = batch[:3000]
	if _, err := datasets.Open("cifar-10", datasets.Options{Data: folder(t, files)}); err == nil || !strings.Contains(err.Error(), "data_batch_3.bin has 3000 bytes") {
		t.Errorf("a cut batch: error %v", err)
	}
	files["cifar-10-batches-bin/data_batch_3.bin"] = "\x0a" + batch[1:]
	if _, err := datasets.Open("cifar-10", datasets.Options{Data: folder(t, files)}); err == nil || !strings.Contains(err.Error(), "label of record 0 is 10, must be in 0..9") {
		t.Errorf("a bad label: error %v", err)
	}
	archive := map[string]string{"cifar10/cifar10-jpg.tar.gz": zipped("no archive at all")}
	if _, err := datasets.Open("cifar-10", datasets.Options{Data: folder(t, archive)}); err == nil || !strings.Contains(err.Error(), "is the archive cut off?") {
		t.Errorf("no archive: error %v", err)
	}
}

func TestPatchesOfABatch(t *testing.T) {
	raster := &datasets.Raster{Height: 4, Width: 4, Channels: 1, Patch: 2}
	pixels := make([]byte, 16)
	for i := range pixels {
		pixels[i] = byte(10 * i)
	}
	examples := []datasets.Example{{IDs: []int32{2, 5, 5, 5, 5}, Image: &datasets.Image{Raster: raster, Pixels: pixels}}}
	read := func(o datasets.BatchOptions) (out []int) {
		for b := range datasets.Batches(examples, o) {
			if b.Patch != raster.PatchValues() || len(b.Patches) != b.Tokens*b.Patch {
				t.Fatalf("patches of %d values, %d in all", b.Patch, len(b.Patches))
			}
			for _, v := range b.Patches {
				out = append(out, int(v*127.5+127.5+0.5))
			}
		}
		return out
	}
	const blank = 128
	want := []int{blank, blank, blank, blank, 0, 10, 40, 50, 20, 30, 60, 70, 80, 90, 120, 130, 100, 110, 140, 150}
	if got := read(datasets.BatchOptions{Size: 1, Widths: []int{5}}); !slices.Equal(got, want) {
		t.Errorf("patches %v, want %v", got, want)
	}
	raster.Overlap = 1
	wide := read(datasets.BatchOptions{Size: 1, Widths: []int{5}})
	if got := wide[16:32]; !slices.Equal(got, []int{blank, blank, blank, blank, blank, 0, 10, 20, blank, 40, 50, 60, blank, 80, 90, 100}) {
		t.Errorf("overlapping patch %v", got)
	}
	raster.Overlap = 0
	seen := map[int]bool{}
	for epoch := range 300 {
		got := read(datasets.BatchOptions{Size: 1, Widths: []int{5}, Epoch: epoch, Augment: datasets.Augment{Shift: 1, Flip: true}})
		if again := read(datasets.BatchOptions{Size: 1, Widths: []int{5}, Epoch: epoch, Augment: datasets.Augment{Shift: 1, Flip: true}}); !slices.Equal(got, again) {
			t.Fatal("the same epoch shows two views")
		}
		seen[got[4+4]] = true // the upper left pixel of the second patch: 20, mirrored 10, one across or down
	}
	for _, v := range []int{20, 10, 60, 30} {
		if !seen[v] {
			t.Errorf("in 300 epochs no view shows %d there; seen %v", v, seen)
		}
	}
	if seen[blank] {
		t.Errorf("a shifted view shows grey, must repeat the edge; seen %v", seen)
	}
	holes := map[int]int{} // pixels erased: views
	covered := make([]int, len(pixels))
	for epoch := range 2000 {
		erased := 0
		for i, v := range read(datasets.BatchOptions{Size: 1, Widths: []int{5}, Epoch: epoch, Augment: datasets.Augment{Erase: 2}})[4:] {
			if v == blank {
				erased++
				covered[i]++
			}
		}
		holes[erased]++
	}
	// Half of the views are whole. Of the centres of a square of 2 x 2, 9 of 16 have all of it inside, 6 an edge, 1 a corner.
	for n, want := range map[int]int{0: 1000, 1: 1000 / 16, 2: 6 * 1000 / 16, 4: 9 * 1000 / 16} {
		if math.Abs(float64(holes[n]-want)) > 4*math.Sqrt(float64(want)) {
			t.Errorf("%d of 2000 views have %d pixels erased, want about %d", holes[n], n, want)
		}
	}
	if slices.Min(covered) == 0 {
		t.Errorf("pixels erased %v times, must all have been", covered)
	}
}

func TestRealFashionPixels(t *testing.T) {
	const installed = "/usr/share/datasets/fashion-mnist"
	if _, err := os.Stat(filepath.Join(installed, "train-images-idx3-ubyte.gz")); err != nil {
		t.Skip("Debian's dataset-fashion-mnist is not installed")
	}
	d := open(t, "fashion-mnist-pixels", datasets.Options{Data: t.TempDir(), Train: 10, Dev: 10, Test: 10})
	if n := len(d.Test[0].IDs); n != 785 {
		t.Errorf("%d tokens, want 785", n)
	}
}
