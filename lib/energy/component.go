package energy

import "fmt"

// Component is where energy goes. The order is that of the stacks in SPRINT's energy figure, bottom to top.
type Component uint8

const (
	ReRAMRead      Component = iota // bits read from ReRAM cells
	ReRAMWrite                      // bits written to ReRAM cells
	InReRAMPruning                  // multiply-accumulates inside the arrays
	OnChipRead                      // bits read from on-chip buffers
	OnChipWrite                     // bits written to on-chip buffers
	QKPU                            // multiply-accumulates of query and key
	VPU                             // multiply-accumulates of probability and value
	Softmax                         // scores through the softmax unit

	Components int = iota // how many there are
)

var components = [Components]struct{ name, event string }{
	{"ReRAM read", "bit"},
	{"ReRAM write", "bit"},
	{"in-ReRAM pruning", "MAC"},
	{"on-chip read", "bit"},
	{"on-chip write", "bit"},
	{"QK-PU", "MAC"},
	{"V-PU", "MAC"},
	{"softmax", "element"},
}

func (c Component) String() string {
	if int(c) < Components {
		return components[c].name
	}
	return fmt.Sprintf("Component(%d)", uint8(c))
}

// Event names what is counted for the component: a bit, a MAC or an element.
func (c Component) Event() string { return components[c].event }
