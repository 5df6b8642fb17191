package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// sums are checksums over every block of a SQLite file, written beside it when
// it is closed. They tell of damage where no row shows it: in unused pages, in
// the gaps of used ones, in the header. While the file is in use there are
// none.
type sums struct {
	blocks []uint32
	bad    error // what was wrong when the file was opened
}

const (
	sumBlock   = 64 << 10
	sumMagic   = "joinery sums 1\n\x00"
	sumLargest = 2 << 30 // a larger file would make opening and closing slow
)

// onPurpose helps who put another file in place.
const onPurpose = " (if it was replaced on purpose, remove the file that ends in .sums)"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openSums compares the file with its sums, before it is opened, and takes the
// sums away: after a crash they would be wrong. Damage does not stop anyone from
// opening; Verify tells.
func openSums(path string) (*sums, error) {
	s := &sums{}
	want, err := readSums(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		s.blocks, err = fileSums(path)
	}
	switch {
	case err != nil:
		s.bad = &Damaged{Table: "file", What: err.Error()}
	case len(want) != len(s.blocks):
		s.bad = &Damaged{Table: "file", What: fmt.Sprintf("it was %d blocks long when it was closed and is %d%s", len(want), len(s.blocks), onPurpose)}
	default:
		for i := range want {
			if want[i] != s.blocks[i] {
				s.bad = &Damaged{Table: "file", What: fmt.Sprintf("the bytes from %d to %d changed since it was closed%s", i*sumBlock, (i+1)*sumBlock, onPurpose)}
				break
			}
		}
	}
	if s.bad != nil {
		return s, nil // they stay: the damage stays known until the file is restored
	}
	return s, removeSynced(sumsPath(path))
}

func sumsPath(path string) string { return path + ".sums" }

// check returns what openSums found.
func (s *sums) check() error {
	if s == nil {
		return nil
	}
	return s.bad
}

// close writes the sums of a file that was closed. A damaged file gets none.
func (s *sums) close(path string) error {
	if s == nil || s.bad != nil {
		return nil
	}
	if info, err := os.Stat(path); err != nil || info.Size() > sumLargest {
		return nil //nolint:nilerr // nothing to sum
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil // someone else reads it, or the last checkpoint failed
	}
	blocks, err := fileSums(path)
	if err != nil {
		return err
	}
	b := []byte(sumMagic)
	for _, sum := range blocks {
		b = binary.BigEndian.AppendUint32(b, sum)
	}
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	name := sumsPath(path) + ".new"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(name, sumsPath(path)), syncFolder(path))
}

func readSums(path string) ([]uint32, error) {
	b, err := os.ReadFile(sumsPath(path))
	if err != nil {
		return nil, err
	}
	n := len(b) - 4
	if n < len(sumMagic) || (n-len(sumMagic))%4 != 0 || string(b[:len(sumMagic)]) != sumMagic || crc32.Checksum(b[:n], castagnoli) != binary.BigEndian.Uint32(b[n:]) {
		return nil, errors.New("the file of its checksums is damaged")
	}
	var out []uint32
	for at := len(sumMagic); at < n; at += 4 {
		out = append(out, binary.BigEndian.Uint32(b[at:]))
	}
	return out, nil
}

func fileSums(path string) ([]uint32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []uint32
	block := make([]byte, sumBlock)
	for {
		n, err := io.ReadFull(f, block)
		if n > 0 {
			out = append(out, crc32.Checksum(block[:n], castagnoli))
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func removeSynced(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncFolder(path)
}

func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
