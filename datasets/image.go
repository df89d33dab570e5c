package datasets

import (
	"fmt"
	"image"
	"math/rand/v2"
)

// Raster is the layout of the images of a data set, and how they are cut into patches (Dosovitskiy et al., ICLR 2021).
type Raster struct {
	Height, Width, Channels int
	Patch                   int // edge of a square patch in pixels; divides Height and Width
	Overlap                 int // pixels by which a patch reaches into its neighbours on every side
}

// Image is one image of a raster.
type Image struct {
	*Raster
	Pixels []byte // Height x Width x Channels, row-major
}

// Patches is the number of patches of an image.
func (r *Raster) Patches() int { return r.Height / r.Patch * (r.Width / r.Patch) }

// PatchValues is the number of values of a patch.
func (r *Raster) PatchValues() int {
	edge := r.Patch + 2*r.Overlap
	return edge * edge * r.Channels
}

// Validate names the first option that cannot cut the images.
func (r *Raster) Validate() error {
	switch {
	case r.Patch < 1 || r.Height%r.Patch != 0 || r.Width%r.Patch != 0:
		return fmt.Errorf("datasets: Options.Patch is %d, must divide the image, %d x %d pixels", r.Patch, r.Height, r.Width)
	case r.Overlap < 0 || r.Overlap > r.Patch:
		return fmt.Errorf("datasets: Options.Overlap is %d, must be in 0..%d (Options.Patch)", r.Overlap, r.Patch)
	}
	return nil
}

// Augment says how training images are varied, anew in every epoch. The zero value leaves them as they are.
type Augment struct {
	Shift int  // largest shift in pixels, across and down; what comes in repeats the image's edge
	Flip  bool // left and right are exchanged in half of the images
	Erase int  // edge in pixels of a square that is grey in half of the images (cutout, DeVries and Taylor, 2017); parts of it may lie outside
}

// validate names the first field that no images can be varied by.
func (a Augment) validate() error {
	if a.Shift < 0 {
		return fmt.Errorf("datasets: BatchOptions.Augment.Shift is %d, must be at least 0", a.Shift)
	}
	if a.Erase < 0 {
		return fmt.Errorf("datasets: BatchOptions.Augment.Erase is %d, must be at least 0", a.Erase)
	}
	return nil
}

// view is one look at an image: where its origin is moved to, whether it is mirrored, and which square of it is erased.
type view struct {
	dx, dy int
	mirror bool
	hole   image.Rectangle
}

// draw takes a view of an image at random.
func (a Augment) draw(rng *rand.Rand, r *Raster) view {
	v := view{}
	if a.Shift > 0 {
		v.dx, v.dy = rng.IntN(2*a.Shift+1)-a.Shift, rng.IntN(2*a.Shift+1)-a.Shift
	}
	v.mirror = a.Flip && rng.IntN(2) == 1
	if a.Erase > 0 && rng.IntN(2) == 1 {
		// The square's centre is any pixel, so that corners are covered as often as the middle.
		corner := image.Pt(rng.IntN(r.Width)-a.Erase/2, rng.IntN(r.Height)-a.Erase/2)
		v.hole = image.Rectangle{Min: corner, Max: corner.Add(image.Pt(a.Erase, a.Erase))}
	}
	return v
}

// clamp is the nearest of 0..n-1.
func clamp(i, n int) int { return min(max(i, 0), n-1) }

// cut writes the patches of a view, row by row, each Patches() x PatchValues(), as (p - 127.5)/127.5 in [-1,1]; what is
// erased and what a patch sees outside of the image is 0, a middle grey.
func (m *Image) cut(v view, out []float32) {
	edge, values := m.Patch+2*m.Overlap, m.PatchValues()
	across, frame := m.Width/m.Patch, image.Rect(0, 0, m.Width, m.Height)
	for p := range m.Patches() {
		top, left := p/across*m.Patch-m.Overlap, p%across*m.Patch-m.Overlap
		patch := out[p*values : (p+1)*values]
		for i := range edge {
			for j := range edge {
				seen := image.Pt(left+j, top+i)
				at := (i*edge + j) * m.Channels
				if !seen.In(frame) || seen.In(v.hole) {
					clear(patch[at : at+m.Channels])
					continue
				}
				x, y := seen.X, clamp(seen.Y+v.dy, m.Height)
				if v.mirror {
					x = m.Width - 1 - x
				}
				from := (y*m.Width + clamp(x+v.dx, m.Width)) * m.Channels
				for c := range m.Channels {
					patch[at+c] = (float32(m.Pixels[from+c]) - 127.5) / 127.5
				}
			}
		}
	}
}

// patchVocabulary has one token, which stands for every patch; what it shows comes from the image.
func patchVocabulary() *Vocabulary {
	v, err := NewVocabulary(Exact, []string{"[PATCH]"})
	if err != nil {
		panic(err)
	}
	return v
}

// picture is an image read from a file, before it becomes an example.
type picture struct {
	pixels []byte
	label  int32
}

// openPatches makes examples of pictures as CLS and one token a patch.
func (d *Dataset) openPatches(train, dev, test []picture, raster Raster, o Options) error {
	if o.Patch > 0 {
		raster.Patch = o.Patch
	}
	raster.Overlap = o.Overlap
	if err := raster.Validate(); err != nil {
		return err
	}
	d.Vocabulary = patchVocabulary()
	ids := make([]int32, 1+raster.Patches())
	ids[0] = CLS
	for i := range raster.Patches() {
		ids[1+i] = reserved
	}
	examples := func(pictures []picture) []Example {
		out := make([]Example, len(pictures))
		for i, p := range pictures {
			out[i] = Example{IDs: ids, Label: p.label, Image: &Image{&raster, p.pixels}}
		}
		return out
	}
	d.Train, d.Dev, d.Test = examples(train), examples(dev), examples(test)
	return d.thin(o)
}

// openPixels makes examples of pictures as CLS and one token a pixel: its grey level, as a byte.
func (d *Dataset) openPixels(train, dev, test []picture, channels int, o Options) error {
	examples := func(pictures []picture) []Example {
		out := make([]Example, len(pictures))
		for i, p := range pictures {
			out[i] = Example{Label: p.label, Text: string(grey(p.pixels, channels))}
		}
		return out
	}
	d.Train, d.Dev, d.Test = examples(train), examples(dev), examples(test)
	if err := d.thin(o); err != nil {
		return err
	}
	d.Vocabulary = ByteVocabulary()
	for _, s := range d.splits() {
		for i := range s.examples {
			s.examples[i].IDs = d.Vocabulary.Encode(s.examples[i].Text)
		}
	}
	return nil
}

// grey is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded.
func grey(pixels []byte, channels int) []byte {
	if channels == 1 {
		return pixels
	}
	out := make([]byte, len(pixels)/channels)
	for i := range out {
		p := pixels[i*channels:]
		out[i] = byte((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
	}
	return out
}
