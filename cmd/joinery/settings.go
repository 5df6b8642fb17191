package main

import (
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"joinery/fault"
	"joinery/record/access"
)

// checkSetting says what is wrong with the value of a setting, nil when nothing.
func checkSetting(name, value string) error {
	switch name {
	case "db":
		return checkDB(value)
	case "listen":
		if _, port, err := net.SplitHostPort(value); err != nil || !isPort(port) {
			return fault.New(fault.Invalid, "An address to listen on is HOST:PORT, as in 127.0.0.1:8080.")
		}
	case "base":
		u, err := url.Parse(value)
		if value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return fault.New(fault.Invalid, "The base is the address that clients use, as in https://record.example/fhir.")
		}
	case "trusted-proxy":
		_, err := trustedProxies(value)
		return err
	case "purpose":
		if value != "" && !slices.Contains(access.Purposes(), access.Purpose(strings.ToUpper(value))) {
			return fault.New(fault.Invalid, "That is no purpose of use that we know. There are "+purposeNames()+".")
		}
	}
	return nil
}

func purposeNames() string {
	var names []string
	for _, p := range access.Purposes() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

// trustedProxies reads the networks of proxies, with commas between them.
func trustedProxies(value string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for text := range strings.SplitSeq(value, ",") {
		if value == "" {
			break
		}
		text = strings.TrimSpace(text)
		one, err := netip.ParsePrefix(text)
		if at, again := netip.ParseAddr(text); again == nil && at.Zone() == "" {
			one, err = at.Prefix(at.BitLen())
		}
		switch {
		case err != nil || one.Addr().Is4In6():
			return nil, fault.New(fault.Invalid, "A trusted proxy is an address or a network, as in 10.0.0.5 or 10.0.0.0/28, with commas between several.")
		case one.Bits() == 0:
			return nil, fault.New(fault.Invalid, "A trusted proxy of "+text+" would believe everybody: say the address of your own proxy.")
		case one != one.Masked():
			return nil, fault.New(fault.Invalid, text+" is no network: is it "+one.Masked().String()+", or the one address "+one.Addr().String()+"?")
		}
		out = append(out, one)
	}
	return out, nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && s[0] != '+' && n < 1<<16
}

func checkDB(db string) error {
	if path, ok := sqlitePath(db); ok {
		if path == "" {
			return fault.New(fault.Invalid, "The path of the SQLite file is missing: write sqlite:joinery.db.")
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
			return fault.New(fault.Invalid, "The folder of the SQLite file is not there: make it first.")
		}
		return nil
	}
	u, err := url.Parse(db)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return fault.New(fault.Invalid, "A database is sqlite:PATH or postgres://USER@HOST/NAME.")
	}
	return nil
}

// withoutPassword hides the password of an address.
func withoutPassword(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	if _, has := u.User.Password(); !has {
		return value
	}
	return u.Redacted()
}
