package reram

import (
	"fmt"
	"math"
)

// Cell is the range of conductances that the levels of a cell are spread over, evenly.
type Cell struct {
	Name    string
	OnOhm   float64 // lowest resistance, the highest level
	OffOhm  float64 // highest resistance, level 0
	Details string  // where the numbers come from
}

// On is the conductance of the highest level in microsiemens.
func (c Cell) On() float64 { return 1e6 / c.OnOhm }

// Off is the conductance of level 0 in microsiemens.
func (c Cell) Off() float64 { return 1e6 / c.OffOhm }

func (c Cell) validate() error {
	if !(c.OnOhm > 0) || math.IsInf(c.OnOhm, 0) {
		return fmt.Errorf("reram: Cell.OnOhm is %v, must be positive and finite", c.OnOhm)
	}
	if !(c.OffOhm > c.OnOhm) {
		return fmt.Errorf("reram: Cell.OffOhm is %v, must be above OnOhm, %v", c.OffOhm, c.OnOhm)
	}
	return nil
}

// NeuroSimCell is the cell of DNN+NeuroSim V2.1, Param.cpp: on 240 kohm, off/on 100.
func NeuroSimCell() Cell {
	return Cell{Name: "NeuroSim", OnOhm: 240e3, OffOhm: 24e6, Details: "DNN+NeuroSim V2.1, Param.cpp"}
}

// CiMLoopCell is CiMLoop's rram_neurosim_default: 6 and 900 kohm.
func CiMLoopCell() Cell {
	return Cell{Name: "CiMLoop", OnOhm: 6e3, OffOhm: 900e3, Details: "cimloop, rram_neurosim_default"}
}

// ISAACCell is CiMLoop's rram_isaac: 1.333 and 20 kohm.
func ISAACCell() Cell {
	return Cell{Name: "ISAAC", OnOhm: 1.333e3, OffOhm: 20e3, Details: "cimloop, rram_isaac"}
}

// MiloCell is the device of CrossSim's RRAM_Milo: 50 to 225 uS.
func MiloCell() Cell {
	return Cell{Name: "Milo", OnOhm: 1e6 / 225, OffOhm: 1e6 / 50., Details: "CrossSim, RRAM_Milo (IRPS 2021 data)"}
}

// WanCell is the device of the NeuRRAM models: up to 39.26 uS, where the fit of CrossSim ends. Its lowest level is assumed
// to be a hundredth of that.
func WanCell() Cell {
	return Cell{Name: "Wan", OnOhm: 1e6 / 39.26, OffOhm: 1e8 / 39.26, Details: "CrossSim, RRAM_Wan (Nature 2022 data)"}
}

// CMOCell is the device of aihwkit's CMO/HfOx model, used up to 40 uS; its lowest level is assumed to be a hundredth of that.
func CMOCell() Cell {
	return Cell{Name: "CMO/HfOx", OnOhm: 1e6 / 40, OffOhm: 1e8 / 40, Details: "aihwkit, CMO/HfOx"}
}
