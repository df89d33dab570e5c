package datasets

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func init() {
	openers["fashion-mnist"] = func(o Options) (*Dataset, error) { return openFashion("fashion-mnist", o) }
	openers["fashion-mnist-pixels"] = func(o Options) (*Dataset, error) { return openFashion("fashion-mnist-pixels", o) }
}

var fashionClasses = []string{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}

// fashionPackage is where Debian's dataset-fashion-mnist puts the official files.
const fashionPackage = "/usr/share/datasets/fashion-mnist"

// fashionRaster: 7 x 7 patches of 4 x 4 pixels.
var fashionRaster = Raster{Height: 28, Width: 28, Channels: 1, Patch: 4}

// openFashion reads Fashion-MNIST (Xiao et al., 2017): 60,000 and 10,000 images of 28 x 28 grey pixels. Every twelfth training
// image goes to the dev split: 55,000 / 5,000 / 10,000.
func openFashion(name string, o Options) (*Dataset, error) {
	folder, err := findInstalled(o.Data, []string{"fashion-mnist", "fashion"}, "install the package dataset-fashion-mnist", fashionPackage)
	if err != nil {
		return nil, err
	}
	all, err := readFashion(folder, "train")
	if err != nil {
		return nil, err
	}
	test, err := readFashion(folder, "t10k")
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: name, Classes: fashionClasses}
	train, dev := holdOut(all, 12)
	if name == "fashion-mnist" {
		return d, d.openPatches(train, dev, test, fashionRaster, o)
	}
	return d, d.openPixels(train, dev, test, 1, o)
}

// holdOut takes every nth picture for the dev split.
func holdOut(all []picture, n int) (train, dev []picture) {
	for i, p := range all {
		if i%n == n-1 {
			dev = append(dev, p)
		} else {
			train = append(train, p)
		}
	}
	return train, dev
}

// findInstalled looks in the data folder, then where a package of the distribution puts its files.
func findInstalled(data string, folders []string, remedy, installed string) (string, error) {
	path, err := findAny(data, folders...)
	if err == nil {
		return path, nil
	}
	missing, ok := err.(*NoDataError)
	if !ok {
		return "", err
	}
	if info, err := os.Stat(installed); err == nil && info.IsDir() {
		return installed, nil
	}
	return "", &NoDataError{Want: folders[0], Looked: append(slices.Clone(missing.Looked), installed), Remedy: remedy}
}

func readFashion(folder, part string) ([]picture, error) {
	images, imagesPath, err := readMaybeGzip(folder, part+"-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labels, labelsPath, err := readMaybeGzip(folder, part+"-labels-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	dims, pixels, err := parseIDX(imagesPath, images, 3)
	if err != nil {
		return nil, err
	}
	if dims[1] != fashionRaster.Height || dims[2] != fashionRaster.Width {
		return nil, fmt.Errorf("datasets: %s: images are %d x %d pixels, must be %d x %d", imagesPath, dims[1], dims[2], fashionRaster.Height, fashionRaster.Width)
	}
	count, classes, err := parseIDX(labelsPath, labels, 1)
	if err != nil {
		return nil, err
	}
	if count[0] != dims[0] {
		return nil, fmt.Errorf("datasets: %s has %d labels, must have %d, one an image of %s", labelsPath, count[0], dims[0], imagesPath)
	}
	out := make([]picture, dims[0])
	size := dims[1] * dims[2]
	for i := range out {
		if int(classes[i]) >= len(fashionClasses) {
			return nil, fmt.Errorf("datasets: %s: label %d is %d, must be in 0..%d", labelsPath, i, classes[i], len(fashionClasses)-1)
		}
		out[i] = picture{pixels[i*size : (i+1)*size : (i+1)*size], int32(classes[i])}
	}
	return out, nil
}

// readMaybeGzip reads name.gz or name.
func readMaybeGzip(folder, name string) (data []byte, path string, err error) {
	for _, suffix := range []string{".gz", ""} {
		path = filepath.Join(folder, name+suffix)
		if data, err = os.ReadFile(path); err == nil || !os.IsNotExist(err) {
			break
		}
	}
	if err != nil {
		return nil, path, fmt.Errorf("datasets: %s: %w", path, plain(err))
	}
	if !strings.HasSuffix(path, ".gz") {
		return data, path, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, path, fmt.Errorf("datasets: %s: not a whole gzip file: %w", path, err)
	}
	if data, err = io.ReadAll(io.LimitReader(z, longestIDX)); err != nil {
		return nil, path, fmt.Errorf("datasets: %s: the compressed file ends in mid-stream; is it cut off?", path)
	}
	return data, path, nil
}

// longestIDX bounds an unpacked file, so that a wrong one does not fill the memory.
const longestIDX = 1 << 30

// parseIDX reads the format of the MNIST files: two zero bytes, 8 for unsigned bytes, the number of dimensions, each dimension as
// a big-endian 32-bit number, and the values.
func parseIDX(path string, data []byte, rank int) (dims []int, values []byte, err error) {
	if len(data) < 4+4*rank {
		return nil, nil, fmt.Errorf("datasets: %s has %d bytes, must have at least %d, its head", path, len(data), 4+4*rank)
	}
	if want := []byte{0, 0, 8, byte(rank)}; !bytes.Equal(data[:4], want) {
		return nil, nil, fmt.Errorf("datasets: %s begins with % x, must begin with % x (IDX, unsigned bytes, %d dimensions)", path, data[:4], want, rank)
	}
	size := 1
	for i := range rank {
		n := int(binary.BigEndian.Uint32(data[4+4*i:]))
		if n < 1 || n > longestIDX/size {
			return nil, nil, fmt.Errorf("datasets: %s: dimension %d is %d, must be in 1..%d", path, i, n, longestIDX/size)
		}
		dims = append(dims, n)
		size *= n
	}
	values = data[4+4*rank:]
	if len(values) != size {
		return nil, nil, fmt.Errorf("datasets: %s holds %d values, must hold %d (%v); is the file cut off?", path, len(values), size, dims)
	}
	return dims, values, nil
}
