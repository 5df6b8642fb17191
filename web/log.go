package web

import (
	"io"
	"log/slog"
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
// or a struct. What a new key may hold is decided here, not where it is logged.
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
	if _, isErr := a.Value.Any().(error); isErr {
		return a
	}
	return slog.String(a.Key, "[withheld]")
}
