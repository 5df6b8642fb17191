package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// source returns the address that a request came from, by which sign-ins and links
// are held back, and which the audit keeps. A request that comes from one of
// Options.Proxies came from where that says in X-Forwarded-For: each proxy writes
// at its end whom it was asked by, so that the last address in it that is no proxy
// of ours is the nearest that one of them saw. What stands before it, whoever asks
// wrote themselves.
func (s *Server) source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "local" // a Unix socket
	}
	at, err := netip.ParseAddr(host)
	if err != nil || !s.isProxy(at) {
		return host
	}
	seen := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, one := range slices.Backward(seen) {
		next, ok := forwarded(one)
		if !ok { // a proxy of ours does not write this: go no further
			break
		}
		at = next
		if !s.isProxy(at) {
			break
		}
	}
	return at.Unmap().WithZone("").String()
}

func (s *Server) isProxy(at netip.Addr) bool {
	at = at.Unmap().WithZone("")
	return slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// forwarded reads one address of X-Forwarded-For; some proxies write the port too.
func forwarded(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return at, true
	}
	at, err := netip.ParseAddrPort(text)
	return at.Addr(), err == nil
}
