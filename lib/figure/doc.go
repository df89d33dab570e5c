// Package figure draws charts in which a published value stands beside ours, and writes them with their numbers and their
// provenance.
//
// A chart is a struct with exported fields and a constructor that returns an error for bad data: [Bars], [Stack], [Lines],
// [Percent], [Timeline], [MaskMap], [Heat], [Histogram], [Table], [Scatter], and [Panels], which sets several beside each other. What it
// shows is a list of [Pair]: a row of package published with our number. Ours is drawn in colour; the published value is
// drawn solid when its digits were read ("printed", "measured"), hollow when it was digitised, derived or taken from a
// summary, and not at all when it is unverified.
//
// [Save] writes <name>.svg, <name>.png and <name>.csv. The CSV holds every number of the figure, and the arithmetic,
// geometric and harmonic means wherever a series covers several workloads. All three files carry the [Provenance]: hashes of
// the source code, the configuration and the data, the seed and the mode, but neither date nor path nor revision, so that a
// second run gives the same bytes. Colours are those of Okabe and Ito, which people with any kind of colour vision can tell
// apart ("Color Universal Design", 2008).
package figure
