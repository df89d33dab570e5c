package trace

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Parquet decoder that meets a flipped bit may read wrong numbers, ask for the whole memory or never return. So a trace
// file carries a hash of all its other bytes in the one place that Parquet leaves free, right before the footer: readers
// find the footer from the end and pages by their offset from the start. Other Parquet software reads the file as usual.
//
//	pages and indexes | sealMark | SHA-256 of all but the seal | footer | footer length (4 bytes) | "PAR1"
const (
	sealMark = "workbench sha256"
	sealSize = len(sealMark) + sha256.Size
	tailSize = 8 // footer length and magic
	magic    = "PAR1"
)

// seal inserts the hash of a complete Parquet file.
func seal(f *os.File) error {
	footer, start, err := tail(f)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, start)); err != nil {
		return err
	}
	sum.Write(footer)
	_, err = f.WriteAt(append(sum.Sum([]byte(sealMark)), footer...), start)
	return err
}

// unseal checks the hash of a file.
func unseal(f *os.File) error {
	footer, start, err := tail(f)
	if err != nil {
		return err
	}
	start -= int64(sealSize)
	mark := make([]byte, sealSize)
	if start < 0 {
		return errors.New("not a trace file: it has no seal")
	}
	if _, err := f.ReadAt(mark, start); err != nil {
		return err
	}
	if !bytes.HasPrefix(mark, []byte(sealMark)) {
		return errors.New("not a trace file: it has no seal, or its end is damaged")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, start)); err != nil {
		return err
	}
	sum.Write(footer)
	if got := sum.Sum(nil); !bytes.Equal(got, mark[len(sealMark):]) {
		return fmt.Errorf("damaged: SHA-256 begins %x, must begin %x", got[:4], mark[len(sealMark):len(sealMark)+4])
	}
	return nil
}

// tail returns the footer with its length and magic, and where it starts.
func tail(f *os.File) (footer []byte, start int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	size := info.Size()
	var end [tailSize]byte
	if size < int64(tailSize) {
		return nil, 0, fmt.Errorf("file ends early: %d bytes, must be at least %d", size, tailSize)
	}
	if _, err := f.ReadAt(end[:], size-int64(tailSize)); err != nil {
		return nil, 0, err
	}
	if string(end[4:]) != magic {
		return nil, 0, fmt.Errorf("file ends early or is no Parquet file: last bytes are %q, must be %q", end[4:], magic)
	}
	start = size - int64(tailSize) - int64(binary.LittleEndian.Uint32(end[:]))
	if start < int64(len(magic)) {
		return nil, 0, errors.New("damaged: the footer is longer than the file")
	}
	footer = make([]byte, size-start)
	_, err = f.ReadAt(footer, start)
	return footer, start, err
}
