package datasets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

func init() {
	openers["cifar-10"] = func(o Options) (*Dataset, error) { return openCIFAR("cifar-10", o) }
	openers["cifar-10-pixels"] = func(o Options) (*Dataset, error) { return openCIFAR("cifar-10-pixels", o) }
}

var cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarRaster: 8 x 8 patches of 4 x 4 pixels.
var cifarRaster = Raster{Height: 32, Width: 32, Channels: 3, Patch: 4}

// openCIFAR reads CIFAR-10 (Krizhevsky, 2009), 50,000 and 10,000 colour images of 32 x 32 pixels, from the official binary
// batches or from an archive of JPEG files. Every tenth training image of a class goes to the dev split: 45,000 / 5,000 / 10,000,
// the sizes of the Long Range Arena. As pixels, images are grey.
func openCIFAR(name string, o Options) (*Dataset, error) {
	path, err := findAny(o.Data, filepath.Join("cifar10", "cifar-10-batches-bin"), "cifar-10-batches-bin", filepath.Join("cifar10", "cifar10-jpg.tar.gz"))
	if err != nil {
		return nil, err
	}
	read := readCIFARBatches
	if strings.HasSuffix(path, ".tar.gz") {
		read = readCIFARArchive
	}
	all, test, err := read(path)
	if err != nil {
		return nil, err
	}
	var train, dev []picture
	var seen [10]int
	for _, p := range all {
		if seen[p.label]++; seen[p.label]%10 == 0 {
			dev = append(dev, p)
		} else {
			train = append(train, p)
		}
	}
	d := &Dataset{Name: name, Classes: cifarClasses}
	if name == "cifar-10" {
		return d, d.openPatches(train, dev, test, cifarRaster, o)
	}
	return d, d.openPixels(train, dev, test, cifarRaster.Channels, o)
}

func readCIFARBatches(folder string) (train, test []picture, err error) {
	for i := range 6 {
		name, to := fmt.Sprintf("data_batch_%d.bin", i+1), &train
		if i == 5 {
			name, to = "test_batch.bin", &test
		}
		path := filepath.Join(folder, name)
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
		}
		pictures, err := parseCIFAR(path, data)
		if err != nil {
			return nil, nil, err
		}
		*to = append(*to, pictures...)
	}
	return train, test, nil
}

// parseCIFAR reads a binary batch: records of a label byte and the red, green and blue planes, 1,024 bytes each.
func parseCIFAR(path string, data []byte) ([]picture, error) {
	plane := cifarRaster.Height * cifarRaster.Width
	record := 1 + 3*plane
	if len(data) == 0 || len(data)%record != 0 {
		return nil, fmt.Errorf("datasets: %s has %d bytes, must have a multiple of %d, the size of a record; is the file cut off?", path, len(data), record)
	}
	out := make([]picture, len(data)/record)
	for i := range out {
		r := data[i*record : (i+1)*record]
		if int(r[0]) >= len(cifarClasses) {
			return nil, fmt.Errorf("datasets: %s: label of record %d is %d, must be in 0..%d", path, i, r[0], len(cifarClasses)-1)
		}
		pixels := make([]byte, 3*plane)
		for p := range plane {
			pixels[3*p], pixels[3*p+1], pixels[3*p+2] = r[1+p], r[1+plane+p], r[1+2*plane+p]
		}
		out[i] = picture{pixels, int32(r[0])}
	}
	return out, nil
}

// readCIFARArchive reads train/CLASS/NAME.jpg and test/CLASS/NAME.jpg; a class's images are in name order, and the classes
// take turns, so that any beginning of a split has all of them.
func readCIFARArchive(path string) (train, test []picture, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("datasets: %s: not a whole gzip file: %w", path, err)
	}
	type file struct {
		name string
		data []byte
	}
	files := map[string][][]file{"train": make([][]file, len(cifarClasses)), "test": make([][]file, len(cifarClasses))}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("datasets: %s: %w; is the archive cut off?", path, err)
		}
		parts := strings.Split(strings.TrimPrefix(h.Name, "./"), "/")
		if h.Typeflag != tar.TypeReg || len(parts) != 3 {
			continue
		}
		class := slices.Index(cifarClasses, parts[1])
		if files[parts[0]] == nil || class < 0 {
			return nil, nil, fmt.Errorf("datasets: %s: entry %q, must be train or test, then one of %s", path, h.Name, strings.Join(cifarClasses, ", "))
		}
		data, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return nil, nil, fmt.Errorf("datasets: %s: entry %q: %w; is the archive cut off?", path, h.Name, err)
		}
		files[parts[0]][class] = append(files[parts[0]][class], file{h.Name, data})
	}
	decode := func(classes [][]file) ([]picture, error) {
		longest, total := 0, 0
		for _, c := range classes {
			slices.SortFunc(c, func(a, b file) int { return strings.Compare(a.name, b.name) })
			longest, total = max(longest, len(c)), total+len(c)
		}
		out := make([]picture, 0, total)
		var names []file
		for i := range longest {
			for class, c := range classes {
				if i < len(c) {
					out, names = append(out, picture{label: int32(class)}), append(names, c[i])
				}
			}
		}
		var pool errgroup.Group
		pool.SetLimit(runtime.GOMAXPROCS(0))
		for part := range slices.Chunk(indices(len(out)), 1024) {
			pool.Go(func() error {
				for _, i := range part {
					var err error
					if out[i].pixels, err = decodeCIFAR(names[i].data); err != nil {
						return fmt.Errorf("datasets: %s: entry %q: %w", path, names[i].name, err)
					}
				}
				return nil
			})
		}
		return out, pool.Wait()
	}
	if train, err = decode(files["train"]); err != nil {
		return nil, nil, err
	}
	if test, err = decode(files["test"]); err != nil {
		return nil, nil, err
	}
	if len(train) == 0 || len(test) == 0 {
		return nil, nil, fmt.Errorf("datasets: %s holds %d training and %d test images, must hold at least 1 of each", path, len(train), len(test))
	}
	return train, test, nil
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// decodeCIFAR gives the pixels of a JPEG file.
func decodeCIFAR(data []byte) ([]byte, error) {
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width != cifarRaster.Width || config.Height != cifarRaster.Height {
		return nil, fmt.Errorf("image is %d x %d pixels, must be %d x %d", config.Height, config.Width, cifarRaster.Height, cifarRaster.Width)
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return rgb(m), nil
}

func rgb(m image.Image) []byte {
	b := m.Bounds()
	out := make([]byte, 0, 3*b.Dx()*b.Dy())
	if y, ok := m.(*image.YCbCr); ok {
		for i := b.Min.Y; i < b.Max.Y; i++ {
			for j := b.Min.X; j < b.Max.X; j++ {
				c := y.YCbCrAt(j, i)
				r, g, bl := color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
				out = append(out, r, g, bl)
			}
		}
		return out
	}
	for i := b.Min.Y; i < b.Max.Y; i++ {
		for j := b.Min.X; j < b.Max.X; j++ {
			r, g, bl, _ := m.At(j, i).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(bl>>8))
		}
	}
	return out
}
