package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// TestWhereARequestComesFrom: X-Forwarded-For is believed from a proxy of ours
// alone, and of it only what such a proxy wrote.
func TestWhereARequestComesFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8::5/128")}
	for _, c := range []struct {
		what, from, header, want string
		proxies                  []netip.Prefix
	}{
		{"no proxy is configured", "10.0.0.1:999", "192.0.2.9", "10.0.0.1", nil},
		{"from elsewhere", "198.51.100.7:999", "192.0.2.9", "198.51.100.7", proxies},
		{"a neighbour of the proxies", "10.0.1.1:999", "192.0.2.9", "10.0.1.1", proxies},
		{"by a proxy", "10.0.0.1:999", "192.0.2.9", "192.0.2.9", proxies},
		{"by a proxy, who wrote one before", "10.0.0.1:999", "203.0.113.1, 192.0.2.9", "192.0.2.9", proxies},
		{"in a header of their own", "10.0.0.1:999", "203.0.113.1\n192.0.2.9", "192.0.2.9", proxies},
		{"by two", "10.0.0.1:999", "203.0.113.1, 192.0.2.9, 10.0.0.2", "192.0.2.9", proxies},
		{"who claims to be a proxy", "10.0.0.1:999", "10.0.0.7, 192.0.2.9", "192.0.2.9", proxies},
		{"nonsense before", "10.0.0.1:999", "<script>, 192.0.2.9", "192.0.2.9", proxies},
		{"nonsense at the end", "10.0.0.1:999", "192.0.2.9, unknown", "10.0.0.1", proxies},
		{"nonsense behind a proxy", "10.0.0.1:999", "192.0.2.9, _hidden, 10.0.0.2", "10.0.0.2", proxies},
		{"a proxy asks itself", "10.0.0.1:999", "", "10.0.0.1", proxies},
		{"all are proxies", "10.0.0.1:999", "10.0.0.3, 10.0.0.2", "10.0.0.3", proxies},
		{"with a port", "10.0.0.1:999", "192.0.2.9:4711", "192.0.2.9", proxies},
		{"IPv6 with a port", "10.0.0.1:999", "[2001:db8::9]:4711", "2001:db8::9", proxies},
		{"IPv6 in brackets", "[2001:db8::5]:999", "[2001:db8::9]", "2001:db8::9", proxies},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:999", "::ffff:192.0.2.9", "192.0.2.9", proxies},
		{"a zone", "10.0.0.1:999", "fe80::1%eth0", "fe80::1", proxies},
		{"a socket", "@", "192.0.2.9", "local", proxies},
		{"very many", "10.0.0.1:999", strings.Repeat("203.0.113.1,", 5000) + "192.0.2.9", "192.0.2.9", proxies},
	} {
		got := ""
		s, _ := server(t)
		s.Proxies = c.proxies
		s.Handle("GET /", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = Of(r).Source }))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		for line := range strings.SplitSeq(c.header, "\n") {
			r.Header.Add("X-Forwarded-For", line)
		}
		r.Header.Set("Forwarded", "for=203.0.113.99") // and no other header is
		r.Header.Set("X-Real-Ip", "203.0.113.99")
		if s.ServeHTTP(httptest.NewRecorder(), r); got != c.want {
			t.Errorf("%s: %q from %s comes from %s, want %s", c.what, c.header, c.from, got, c.want)
		}
	}
}
