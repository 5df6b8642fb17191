package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// own is what is written here; made is what `make assets` makes of
// nhsuk-frontend, and holds a placeholder on a clone where that has not run.
//
//go:embed own all:made
var files embed.FS

// assets are the files that pages use. They lie at an address that holds a hash of
// all of them, so that they may be kept for ever.
type assets struct {
	root   string // "/assets/1a2b3c/"
	byName map[string]asset
}

type asset struct {
	typ           string
	plain, zipped []byte
}

var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
}

// collect reads all assets, and adds those of a site.
func collect(s *Site) (*assets, error) {
	a := &assets{byName: map[string]asset{}}
	for _, dir := range []string{"made", "own"} {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
		for _, e := range entries {
			if types[path.Ext(e.Name())] == "" {
				continue
			}
			data, err := files.ReadFile(dir + "/" + e.Name())
			if err != nil {
				return nil, fmt.Errorf("assets: %w", err)
			}
			if err := a.add(e.Name(), data); err != nil {
				return nil, err
			}
		}
	}
	for name, data := range s.files() {
		if err := a.add(name, data); err != nil {
			return nil, err
		}
	}
	var names []string
	for name := range a.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		fmt.Fprintf(h, "%s %d\n", name, len(a.byName[name].plain))
		h.Write(a.byName[name].plain)
	}
	a.root = "/assets/" + hex.EncodeToString(h.Sum(nil)[:10]) + "/"
	return a, nil
}

func (a *assets) add(name string, data []byte) error {
	one := asset{typ: types[path.Ext(name)], plain: data}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("compress %s: %w", name, err)
	}
	if b.Len() < len(data)*9/10 {
		one.zipped = b.Bytes()
	}
	a.byName[name] = one
	return nil
}

// at returns the address of an asset, empty when there is none of the name.
func (a *assets) at(name string) string {
	if _, ok := a.byName[name]; !ok {
		return ""
	}
	return a.root + name
}

// sheets are the addresses of the style sheets of a page, in their order: the
// made one, or in its place a small one of our own; and ours on top.
func (a *assets) sheets(dir string) []string {
	base := "ui.css"
	if dir == "rtl" {
		base = "ui.rtl.css"
	}
	if a.at(base) == "" {
		base = "plain.css"
	}
	out := []string{a.at(base), a.at("joinery.css")}
	if theme := a.at("theme.css"); theme != "" {
		out = append(out, theme)
	}
	return out
}

// ServeHTTP serves an asset.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, ok := a.byName[r.PathValue("file")]
	if !ok {
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", one.typ)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // a picture that is opened by itself runs nothing
	body := one.plain
	if one.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = one.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // who asked is gone: nobody to tell
}
