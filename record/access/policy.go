package access

import (
	"embed"
	"io/fs"
	"sync"
)

// Policy is what the files of the policy language say: for each role its rules,
// and what it never sees of a resource. It never changes.
type Policy struct {
	roles map[Role]*rolePolicy
}

type rolePolicy struct {
	rules   []*rule
	masks   []*Mask
	rounded bool // counts are given with small numbers withheld
}

// rule allows; what no rule allows is denied. Its conditions must all hold.
type rule struct {
	name     string
	role     Role
	line     string // file:line, for messages
	actions  uint16 // bits by Action
	types    typeSet
	purposes []Purpose // nil: any
	terms    []term
}

// term is one condition of a rule.
type term struct {
	kind     termKind
	bases    Held  // related
	labels   Label // labelled, except
	clearing bool  // except: the subject's clearances lift it
	hand     Hand  // through
}

type termKind uint8

const (
	termRelated   termKind = iota // an actor of the subject's is related to the person
	termAgreement                 // the subject's organisation is bound by an agreement for the purpose
	termScoped                    // the scopes reach it
	termNobody                    // it is nobody's
	termSomebody                  // it is of a person
	termAnyone                    // whosoever it is
	termGlass                     // the glass was broken for the person, and not too long ago
	termLabelled                  // it carries all of the labels
	termExcept                    // it carries none of the labels
	termThrough                   // the subject acts by this hand
)

//go:embed policy/*.policy
var shippedFiles embed.FS

var shipped = sync.OnceValue(func() *Policy {
	files, err := fs.Sub(shippedFiles, "policy")
	if err == nil {
		var p *Policy
		if p, err = ReadPolicy(files); err == nil {
			return p
		}
	}
	panic("record/access: the shipped policy is damaged: " + err.Error()) // found by every test
})

// Shipped returns the policy that comes with Joinery.
func Shipped() *Policy { return shipped() }
