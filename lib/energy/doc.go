// Package energy turns the events that a machine counts into picojoules: a Table holds one constant a component with its
// technology node, source and evidence; Counts holds what happened; their product is a Breakdown, stacked in the order of
// SPRINT's energy figure (MICRO 2022, part a).
//
// A power figure is never multiplied by a time here. Each constant says where it comes from, and those that were fitted to a
// figure say so, because a figure that was used for a fit cannot be a target any more.
package energy
