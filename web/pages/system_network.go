package pages

import (
	"fmt"
	"slices"
	"strings"
)

// networkLine is a local care network, and how many there are of its practices and
// of the people who are registered with them.
type networkLine struct {
	Name      string
	Practices int
	People    tally
}

const networkType = organizationTypes + "|ntwk"

// networks lists the local care networks of the directory by name. People are
// counted as an analyst counts them.
func (c *call) networks() ([]networkLine, error) {
	found, err := c.search("Organization", "type", networkType, "active:not", "false", "_sort", "name", "_count", "200")
	if err != nil {
		return nil, err
	}
	var out []networkLine
	for i := range found.Entries {
		doc, err := found.Entries[i].Version.Doc()
		if err != nil {
			return nil, fmt.Errorf("read a network: %w", err)
		}
		line := networkLine{Name: nameOf(doc.Root())}
		within, err := c.search("Organization", "partof", "Organization/"+string(found.Entries[i].Version.ID), "active:not", "false", "_count", "200")
		if err != nil {
			return nil, err
		}
		var refs []string
		for k := range within.Entries {
			refs = append(refs, "Organization/"+string(within.Entries[k].Version.ID))
		}
		slices.Sort(refs)
		if line.Practices = len(refs); len(refs) > 0 {
			if line.People, err = c.counted("Patient", "general-practitioner", strings.Join(refs, ","), "deceased", "false"); err != nil {
				return nil, err
			}
		}
		out = append(out, line)
	}
	return out, nil
}
