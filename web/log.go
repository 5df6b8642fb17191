package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// logKeys are the only attributes that may reach the log.
var logKeys = map[string]bool{
	"time": true, "level": true, "msg": true, "error": true, "stack": true,
	"request": true, "method": true, "route": true, "status": true, "kind": true,
	"client": true, "type": true, "id": true, "count": true, "elapsed": true,
	"address": true, "path": true, "version": true, "bytes": true,
}

// NewLogHandler returns a handler that writes JSON lines and withholds what is
// not known to be harmless: any attribute whose key is not on a closed list,
// and any value that is neither plain nor an error, whether in a group, a slice
// or a struct. Of an error it withholds what the error repeats of what was read.
// What a new key may hold is decided here, not where it is logged.
func NewLogHandler(w io.Writer, level slog.Leveler) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: withhold})
}

func withhold(groups []string, a slog.Attr) slog.Attr {
	if !logKeys[a.Key] {
		return slog.String(a.Key, "[withheld]")
	}
	if a.Value.Kind() != slog.KindAny || len(groups) == 0 && a.Key == slog.LevelKey {
		return a
	}
	if err, isErr := a.Value.Any().(error); isErr {
		return slog.String(a.Key, sayable(err))
	}
	return slog.String(a.Key, "[withheld]")
}

// sayable returns the words of an error without what they repeat of what came in:
// the libraries' errors of reading quote it.
func sayable(err error) string {
	text := err.Error()
	for _, input := range repeats(err) {
		if input == "" {
			continue
		}
		quoted := strconv.Quote(input)
		text = strings.NewReplacer(quoted, "[withheld]", quoted[1:len(quoted)-1], "[withheld]", input, "[withheld]").Replace(text)
	}
	return text
}

// repeats returns what the errors within an error repeat of what they were given.
func repeats(err error) []string {
	switch e := err.(type) { //nolint:errorlint // each of the tree is looked at by itself
	case *strconv.NumError:
		return []string{e.Num}
	case *time.ParseError:
		extra, _ := strconv.Unquote(strings.TrimPrefix(e.Message, ": extra text: ")) // empty where there is none
		return []string{e.Value, e.ValueElem, extra}
	case *json.UnmarshalTypeError:
		return []string{strings.TrimPrefix(e.Value, "number ")}
	case *url.Error:
		return append(repeats(e.Err), e.URL)
	case url.EscapeError:
		return []string{string(e)}
	case *textproto.Error:
		return []string{e.Msg}
	case interface{ Unwrap() error }:
		if within := e.Unwrap(); within != nil {
			return repeats(within)
		}
	case interface{ Unwrap() []error }:
		var all []string
		for _, within := range e.Unwrap() {
			all = append(all, repeats(within)...)
		}
		return all
	}
	return nil
}

// Mark returns how the log calls a client, such as a token, by whose name it could
// tell of a person: tokens are named by hand. joinery token list shows it beside the
// name.
func Mark(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "client-" + hex.EncodeToString(sum[:6])
}
