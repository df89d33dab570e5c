// Package experiment joins the other rooms: a trained model, its inputs and a machine give numbers that a figure can draw.
//
// A Recipe says how one of the workbench's models is trained; Trained is the result, read from a committed checkpoint or
// made anew. Accuracy runs a model with the attention of a machine. The functions named after a paper produce its figures'
// numbers; they depend on nothing but their arguments and a seed, so the same call gives the same bytes on any number of
// processors.
//
// A LanguageRecipe is the same for a decoder, a LanguageModel any decoder with the text that it is judged on, and a Decoding
// what SpAtten takes away from one while it writes.
package experiment
