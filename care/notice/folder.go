package notice

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"joinery/fault"
)

// Folder is a Sender of letters: it puts them into a folder, from which somebody
// prints them; HTML and plain text, in a folder of their own for each format. A
// letter that comes again replaces itself.
type Folder struct{ path string }

// NewFolder makes the folder, for its owner alone.
func NewFolder(path string) (*Folder, error) {
	for _, f := range []Format{Standard, Large, EasyRead, Braille, Audio} {
		if err := os.MkdirAll(filepath.Join(path, string(f)), 0o700); err != nil {
			return nil, fault.Wrap(fault.Invalid, "The folder of letters cannot be made.", err)
		}
	}
	return &Folder{path}, nil
}

// Send is part of Sender.
func (f *Folder) Send(_ context.Context, m *Message) error {
	if m.Letter == nil {
		return &Rejection{fmt.Errorf("a folder takes letters alone")}
	}
	html, err := m.Letter.HTML()
	if err != nil {
		return err
	}
	base := filepath.Join(f.path, string(m.Letter.Format), m.At.UTC().Format("2006-01-02-")+string(m.ID))
	for _, file := range []struct {
		name string
		data []byte
	}{{base + ".txt", []byte(m.Letter.Plain())}, {base + ".html", html}} {
		if err := replace(file.name, file.data); err != nil {
			return fmt.Errorf("put a letter into its folder: %w", err)
		}
	}
	return nil
}

// replace writes a file so that it is there whole, or as it was.
func replace(path string, data []byte) error {
	temporary := path + ".part"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // the caller says what it was doing
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller says what it was doing
	}
	return os.Rename(temporary, path) //nolint:wrapcheck // the caller says what it was doing
}
