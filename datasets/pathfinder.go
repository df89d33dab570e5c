package datasets

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Pathfinder generates images of dashed curves, two of them long and the others short, with a disc at two of the long ones'
// ends. Label 1: both discs lie on one curve. The parameters are those of the Long Range Arena's generator
// (lra_benchmarks/data/pathfinder.py, 32 pixels); how the original draws a curve was not read, so the walk is assumed:
// MaxTurn, Margin and Restarts are knobs of ours.
type Pathfinder struct {
	Window           int     // edge of the image in pixels
	Padding          int     // free border
	PaddleLength     float64 // pixels
	Thickness        float64 // pixels
	Margin           float64 // between paddles; pixels
	MarkerRadius     float64 // pixels
	ContourLength    int     // paddles of a long curve
	DistractorLength int     // paddles of a short one
	Distractors      int
	MinStartDistance float64 // between the starts of the long curves; pixels
	PaddleContrast   float64 // grey of a paddle, in (0,1]
	Antialias        int     // canvas pixels per pixel and direction
	MaxTurn          float64 // degrees from paddle to paddle, either side
	Restarts         int     // refused paddles after which a curve is begun anew
	Train, Dev, Test int
	Seed             uint64
}

// Pathfinder32 is the benchmark's 32-pixel size at its hard level (contours of 14 paddles; 9 is intermediate).
func Pathfinder32() Pathfinder {
	return Pathfinder{
		Window: 32, Padding: 1, PaddleLength: 2, Thickness: 0.5, Margin: 1, MarkerRadius: 1.5, // lra_benchmarks/data/pathfinder.py
		ContourLength: 14, DistractorLength: 14 / 3, Distractors: 20 / 4, MinStartDistance: 7, PaddleContrast: 0.75, Antialias: 2, // ibid.
		MaxTurn: 30, Restarts: 50, // assumed
		Train: 20000, Dev: 2000, Test: 2000, // assumed: the benchmark has 160,000, 20,000 and 20,000
	}
}

// Validate names the first field that is out of range.
func (p Pathfinder) Validate() error {
	for _, f := range []struct {
		name            string
		value, min, max float64
	}{
		{"Window", float64(p.Window), 16, 256}, {"Padding", float64(p.Padding), 0, 8}, {"PaddleLength", p.PaddleLength, 1, 16},
		{"Thickness", p.Thickness, 0.25, 4}, {"Margin", p.Margin, 0.5, 8}, {"MarkerRadius", p.MarkerRadius, 0.5, 8},
		{"ContourLength", float64(p.ContourLength), 2, 24}, {"DistractorLength", float64(p.DistractorLength), 1, 24},
		{"Distractors", float64(p.Distractors), 0, 32}, {"MinStartDistance", p.MinStartDistance, 0, float64(p.Window) / 2},
		{"PaddleContrast", p.PaddleContrast, 0.05, 1}, {"Antialias", float64(p.Antialias), 1, 8}, {"MaxTurn", p.MaxTurn, 0, 90},
		{"Restarts", float64(p.Restarts), 1, 1000}, {"Train", float64(p.Train), 1, 1 << 20}, {"Dev", float64(p.Dev), 1, 1 << 20}, {"Test", float64(p.Test), 1, 1 << 20},
	} {
		if !(f.value >= f.min && f.value <= f.max) {
			return fmt.Errorf("datasets: Pathfinder.%s is %v, must be in %v..%v", f.name, f.value, f.min, f.max)
		}
	}
	return nil
}

func init() { openers["pathfinder"] = openPathfinder }

// openPathfinder generates the task; tokens are pixels, or patches when Options.Patch is set.
func openPathfinder(o Options) (*Dataset, error) {
	p := Pathfinder32()
	p.ContourLength, p.Seed = cmp.Or(o.ContourLength, p.ContourLength), o.Seed
	p.Train, p.Dev, p.Test = cmp.Or(o.Train, p.Train), cmp.Or(o.Dev, p.Dev), cmp.Or(o.Test, p.Test)
	if err := p.Validate(); err != nil {
		return nil, err
	}
	all, err := p.pictures(p.Train + p.Dev + p.Test)
	if err != nil {
		return nil, err
	}
	d := &Dataset{Name: "pathfinder", Classes: []string{"apart", "connected"}}
	cut := p.Train + p.Dev
	if o.Patch > 0 {
		return d, d.openPatches(all[:p.Train], all[p.Train:cut], all[cut:], Raster{Height: p.Window, Width: p.Window, Channels: 1}, o)
	}
	return d, d.openPixels(all[:p.Train], all[p.Train:cut], all[cut:], 1, o)
}

// pictures draws images, each from its own stream (Seed, index), so that their number of goroutines does not matter.
func (p Pathfinder) pictures(n int) ([]picture, error) {
	out := make([]picture, n)
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	const chunk = 256
	for from := 0; from < n; from += chunk {
		pool.Go(func() error {
			for i := from; i < min(n, from+chunk); i++ {
				var err error
				if out[i], err = p.picture(rand.New(rand.NewPCG(p.Seed, mix(uint64(i))))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return out, pool.Wait()
}

// layouts bounds the attempts at one image.
const layouts = 2000

// picture draws one image: both long curves, then the distractors, all apart from each other.
func (p Pathfinder) picture(rng *rand.Rand) (picture, error) {
	for range layouts {
		s := scene{Pathfinder: p, rng: rng}
		if !s.layout() {
			continue
		}
		first, second := s.curves[0], s.curves[1]
		connected := rng.IntN(2) == 1
		marks := [2]point{first[0].from, first[len(first)-1].to}
		if !connected {
			ends := [2]point{second[0].from, second[len(second)-1].to}
			marks[1] = ends[rng.IntN(2)]
			if rng.IntN(2) == 1 {
				marks[0] = first[len(first)-1].to
			}
		}
		label := int32(0)
		if connected {
			label = 1
		}
		return picture{s.render(marks), label}, nil
	}
	return picture{}, fmt.Errorf("datasets: Pathfinder.ContourLength is %d: no layout of %d curves was found in %d tries; must be lower, or Window larger",
		p.ContourLength, 2+p.Distractors, layouts)
}

type point struct{ x, y float64 }

func (a point) distance(b point) float64 { return math.Hypot(a.x-b.x, a.y-b.y) }

// paddle is one bar of a curve.
type paddle struct{ from, to point }

// near says, cheaply, whether two paddles may be closer than reach.
func (a paddle) near(b paddle, reach float64) bool {
	dx, dy := a.from.x+a.to.x-b.from.x-b.to.x, a.from.y+a.to.y-b.from.y-b.to.y
	lengths := math.Abs(a.from.x-a.to.x) + math.Abs(a.from.y-a.to.y) + math.Abs(b.from.x-b.to.x) + math.Abs(b.from.y-b.to.y)
	return dx*dx+dy*dy < (2*reach+lengths)*(2*reach+lengths)
}

// distance is between the middle lines of two paddles, whose bars are short against it: the least of the ends' distances to
// the other bar.
func (a paddle) distance(b paddle) float64 {
	return min(a.distanceTo(b.from), a.distanceTo(b.to), b.distanceTo(a.from), b.distanceTo(a.to))
}

// distanceTo is from the paddle's middle line to a point.
func (a paddle) distanceTo(c point) float64 {
	dx, dy := a.to.x-a.from.x, a.to.y-a.from.y
	t := ((c.x-a.from.x)*dx + (c.y-a.from.y)*dy) / (dx*dx + dy*dy)
	t = min(max(t, 0), 1)
	return math.Sqrt((c.x-a.from.x-t*dx)*(c.x-a.from.x-t*dx) + (c.y-a.from.y-t*dy)*(c.y-a.from.y-t*dy))
}

// scene is an image being laid out.
type scene struct {
	Pathfinder
	rng    *rand.Rand
	curves [][]paddle
}

func (s *scene) layout() bool {
	for i := range 2 + s.Distractors {
		length := s.DistractorLength
		if i < 2 {
			length = s.ContourLength
		}
		if !s.curve(i, length) {
			return false
		}
	}
	return true
}

// curve walks one curve of the given number of paddles; a paddle that does not fit is drawn anew with another turn.
func (s *scene) curve(index, length int) bool {
	const starts = 40 // beginnings tried before the whole layout is given up
	for range starts {
		pen := point{s.coordinate(), s.coordinate()}
		if index == 1 && pen.distance(s.curves[0][0].from) < s.MinStartDistance {
			continue
		}
		heading := 2 * math.Pi * s.rng.Float64()
		var own []paddle
		for refused := 0; len(own) < length && refused < s.Restarts; {
			turned := heading
			if len(own) > 0 {
				turned += (2*s.rng.Float64() - 1) * s.MaxTurn * math.Pi / 180
			}
			sin, cos := math.Sincos(turned)
			next := paddle{pen, point{pen.x + s.PaddleLength*cos, pen.y + s.PaddleLength*sin}}
			if !s.fits(next, own) {
				if refused++; len(own) == 0 || !s.inside(pen) { // no turn would help
					break
				}
				continue
			}
			own, heading = append(own, next), turned
			pen = point{pen.x + (s.PaddleLength+s.Margin)*cos, pen.y + (s.PaddleLength+s.Margin)*sin}
		}
		if len(own) == length {
			s.curves = append(s.curves, own)
			return true
		}
	}
	return false
}

func (s *scene) coordinate() float64 {
	return float64(s.Padding) + s.rng.Float64()*float64(s.Window-2*s.Padding)
}

func (s *scene) inside(c point) bool {
	low, high := float64(s.Padding), float64(s.Window-s.Padding)
	return c.x >= low && c.x <= high && c.y >= low && c.y <= high
}

// fits says whether a paddle lies inside of the padded window and no closer than the margin to any other but the one before it.
func (s *scene) fits(p paddle, own []paddle) bool {
	if !s.inside(p.from) || !s.inside(p.to) {
		return false
	}
	clear := s.Margin + s.Thickness
	for _, c := range s.curves {
		for _, other := range c {
			if p.near(other, clear) && p.distance(other) < clear {
				return false
			}
		}
	}
	for _, other := range own[:max(0, len(own)-1)] {
		if p.near(other, clear) && p.distance(other) < clear {
			return false
		}
	}
	return true
}

// render draws paddles, then discs over them, on a canvas of Antialias cells a pixel, and averages the cells.
func (s *scene) render(marks [2]point) []byte {
	scale := float64(s.Antialias)
	edge := s.Window * s.Antialias
	canvas := make([]float64, edge*edge)
	paint := func(about paddle, reach, value float64) {
		x0, x1 := min(about.from.x, about.to.x)-reach, max(about.from.x, about.to.x)+reach
		y0, y1 := min(about.from.y, about.to.y)-reach, max(about.from.y, about.to.y)+reach
		for y := max(0, int(y0*scale)-1); y < min(edge, int(y1*scale)+2); y++ {
			for x := max(0, int(x0*scale)-1); x < min(edge, int(x1*scale)+2); x++ {
				if about.distanceTo(point{(float64(x) + 0.5) / scale, (float64(y) + 0.5) / scale}) <= reach {
					canvas[y*edge+x] = value
				}
			}
		}
	}
	for _, c := range s.curves {
		for _, p := range c {
			paint(p, max(s.Thickness/2, 0.5/scale), s.PaddleContrast)
		}
	}
	for _, m := range marks {
		paint(paddle{m, point{m.x + 1e-9, m.y}}, s.MarkerRadius, 1)
	}
	out := make([]byte, s.Window*s.Window)
	for i := range out {
		sum := 0.0
		for y := range s.Antialias {
			for x := range s.Antialias {
				sum += canvas[(i/s.Window*s.Antialias+y)*edge+i%s.Window*s.Antialias+x]
			}
		}
		out[i] = byte(math.Round(255 * sum / float64(s.Antialias*s.Antialias)))
	}
	return out
}
