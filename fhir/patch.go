package fhir

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxOperations is how many operations a JSON Patch may have.
	maxOperations = 2000

	// maxCopied is how many bytes a JSON Patch may copy in all: a few
	// operations that copy a thing into itself would make any amount.
	maxCopied = 32 << 20
)

// PatchJSON returns the document with a JSON Patch (RFC 6902) applied, all of it
// or nothing. What no operation touches keeps its bytes. The result is
// well-formed, but its content is unchecked: parse and validate it as if it had
// come in.
//
// The error is an *Invalid: it lists every malformed operation, or else says
// which one could not be applied or whose test failed.
func PatchJSON(doc *Doc, patch []byte) ([]byte, error) {
	operations, err := parsePatch(patch)
	if err != nil {
		return nil, err
	}
	root := &tree{value: doc.Root()}
	p := patcher{root: root}
	for i, o := range operations {
		if issue := p.apply(o); issue != nil {
			issue.Say = fmt.Sprintf("Operation %d of the patch (%s): %s", i+1, o.op, issue.Say)
			return nil, &Invalid{[]Issue{*issue}}
		}
	}
	return p.root.append(make([]byte, 0, len(doc.data)+len(patch))), nil
}

// operation is one step of a JSON Patch.
type operation struct {
	op         string
	path, from []string // pointers, decoded
	value      Value
}

// parsePatch reads a patch and lists all that is malformed in it.
func parsePatch(patch []byte) ([]operation, error) {
	doc, err := Parse(patch)
	if err != nil {
		return nil, err
	}
	list := doc.Root()
	if list.Kind() != Array {
		return nil, &Invalid{[]Issue{{Error, "structure", "", "A JSON Patch must be an array of operations."}}}
	}
	if list.Len() > maxOperations {
		return nil, &Invalid{[]Issue{{Error, "too-costly", "", fmt.Sprintf("A JSON Patch may have at most %d operations.", maxOperations)}}}
	}
	var operations []operation
	invalid := &Invalid{}
	for v := range list.Items() {
		o, say := parseOperation(v)
		if say != "" {
			invalid.Issues = append(invalid.Issues, Issue{
				Error, "structure", "", fmt.Sprintf("Operation %d of the patch %s.", len(operations)+1, say),
			})
		}
		operations = append(operations, o)
	}
	if len(invalid.Issues) > 0 {
		return nil, invalid
	}
	return operations, nil
}

// parseOperation reads one operation, or says what is wrong with it.
func parseOperation(v Value) (o operation, say string) {
	if v.Kind() != Object {
		return o, "must be an object"
	}
	o.op = v.Get("op").Text()
	switch o.op {
	case "add", "replace", "test":
		o.value = v.Get("value")
		if !o.value.Exists() {
			return o, "must have a value"
		}
	case "move", "copy":
		from, ok := pointer(v.Get("from"))
		if !ok {
			return o, "must have a from that is a JSON Pointer, such as /name/0"
		}
		o.from = from
	case "remove":
	default:
		o.op = ""
		return o, "must have an op: add, remove, replace, move, copy or test"
	}
	path, ok := pointer(v.Get("path"))
	if !ok {
		return o, "must have a path that is a JSON Pointer, such as /name/0"
	}
	o.path = path
	if o.op == "move" && len(o.from) < len(path) && slices.Equal(o.from, path[:len(o.from)]) {
		return o, "moves a thing into itself"
	}
	return o, ""
}

// pointer decodes a JSON Pointer (RFC 6901); the whole document has no steps.
func pointer(v Value) ([]string, bool) {
	if v.Kind() != String {
		return nil, false
	}
	text := v.Text()
	if text == "" {
		return nil, true
	}
	if text[0] != '/' {
		return nil, false
	}
	steps := strings.Split(text[1:], "/")
	for i, s := range steps {
		for j := 0; j < len(s); j++ {
			if s[j] == '~' && (j+1 == len(s) || s[j+1] != '0' && s[j+1] != '1') {
				return nil, false
			}
		}
		steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return steps, true
}

// tree is a JSON value that can be changed: as it came, until something in it
// is, and then a list of its parts.
type tree struct {
	value Value    // while whole
	kind  Kind     // Array or Object once in parts
	names []string // of an object's members
	parts []*tree
}

// open takes a container into parts.
func (t *tree) open() {
	if t.kind != None {
		return
	}
	switch t.value.Kind() {
	case Array:
		for item := range t.value.Items() {
			t.parts = append(t.parts, &tree{value: item})
		}
	case Object:
		for name, member := range t.value.Members() {
			t.names = append(t.names, name)
			t.parts = append(t.parts, &tree{value: member})
		}
	default:
		return
	}
	t.kind = t.value.Kind()
}

// append appends the value as JSON.
func (t *tree) append(dst []byte) []byte {
	switch t.kind {
	case Array:
		dst = append(dst, '[')
		for i, part := range t.parts {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = part.append(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, part := range t.parts {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendQuoted(dst, t.names[i]), ':')
			dst = part.append(dst)
		}
		return append(dst, '}')
	}
	return append(dst, t.value.Raw()...)
}

// index returns where a step leads in an open container, or -1.
func (t *tree) index(step string) int {
	switch t.kind {
	case Object:
		return slices.Index(t.names, step)
	case Array:
		if i, ok := arrayIndex(step); ok && i < len(t.parts) {
			return i
		}
	}
	return -1
}

func arrayIndex(step string) (int, bool) {
	if step == "" || len(step) > 9 || len(step) > 1 && step[0] == '0' {
		return 0, false
	}
	for _, c := range []byte(step) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(step)
	return n, err == nil
}

// patcher applies operations to a document.
type patcher struct {
	root   *tree
	copied int
}

// find returns what a path leads to, or nil.
func (p *patcher) find(path []string) *tree {
	at := p.root
	for _, step := range path {
		at.open()
		i := at.index(step)
		if i < 0 {
			return nil
		}
		at = at.parts[i]
	}
	return at
}

// apply makes one operation, or says why it cannot be made.
func (p *patcher) apply(o operation) *Issue {
	switch o.op {
	case "add":
		return p.add(o.path, &tree{value: o.value})
	case "remove":
		_, issue := p.remove(o.path)
		return issue
	case "replace":
		at := p.find(o.path)
		if at == nil {
			return nothingThere()
		}
		*at = tree{value: o.value}
	case "move":
		if slices.Equal(o.from, o.path) {
			if p.find(o.from) == nil {
				return nothingThere()
			}
			return nil
		}
		moved, issue := p.remove(o.from)
		if issue != nil {
			return issue
		}
		return p.add(o.path, moved)
	case "copy":
		from := p.find(o.from)
		if from == nil {
			return nothingThere()
		}
		copied, issue := p.copy(from)
		if issue != nil {
			return issue
		}
		return p.add(o.path, copied)
	case "test":
		return p.test(o)
	}
	return nil
}

func nothingThere() *Issue {
	return &Issue{Severity: Error, Code: "processing", Say: "there is nothing at its path."}
}

// add puts a value where a path leads, which may be a member that is not there
// yet or the end of an array.
func (p *patcher) add(path []string, value *tree) *Issue {
	if len(path) == 0 {
		p.root = value
		return nil
	}
	in := p.find(path[:len(path)-1])
	if in == nil {
		return nothingThere()
	}
	in.open()
	last := path[len(path)-1]
	switch in.kind {
	case Object:
		if i := in.index(last); i >= 0 {
			in.parts[i] = value
			return nil
		}
		in.names = append(in.names, last)
		in.parts = append(in.parts, value)
	case Array:
		i, ok := arrayIndex(last)
		if last == "-" {
			i, ok = len(in.parts), true
		}
		if !ok || i > len(in.parts) {
			return &Issue{Severity: Error, Code: "processing", Say: "its path ends beyond the array; - stands for the end."}
		}
		in.parts = slices.Insert(in.parts, i, value)
	default:
		return nothingThere()
	}
	return nil
}

// remove takes out what a path leads to, and returns it.
func (p *patcher) remove(path []string) (*tree, *Issue) {
	if len(path) == 0 {
		return nil, &Issue{Severity: Error, Code: "processing", Say: "the whole document cannot be taken away."}
	}
	in := p.find(path[:len(path)-1])
	if in == nil {
		return nil, nothingThere()
	}
	in.open()
	i := in.index(path[len(path)-1])
	if i < 0 {
		return nil, nothingThere()
	}
	out := in.parts[i]
	in.parts = slices.Delete(in.parts, i, i+1)
	if in.kind == Object {
		in.names = slices.Delete(in.names, i, i+1)
	}
	return out, nil
}

// copy returns a value that later changes to the original do not touch.
func (p *patcher) copy(from *tree) (*tree, *Issue) {
	data := from.append(nil)
	if p.copied += len(data); p.copied > maxCopied {
		return nil, &Issue{Severity: Error, Code: "too-costly", Say: "the patch copies too much."}
	}
	doc, err := Parse(data)
	if err != nil {
		return nil, &Issue{Severity: Error, Code: "processing", Say: "what it copies is nested too deep."}
	}
	return &tree{value: doc.Root()}, nil
}

func (p *patcher) test(o operation) *Issue {
	at := p.find(o.path)
	if at == nil {
		return nothingThere()
	}
	if !at.equal(o.value) {
		return &Issue{Severity: Error, Code: "processing", Say: "the value is not the one that the test wants."}
	}
	return nil
}

// equal reports whether the value is the same JSON as another, numbers taken by
// what they amount to.
func (t *tree) equal(v Value) bool {
	if t.kind == None {
		return equal(t.value, v, sameNumber)
	}
	if v.Kind() != t.kind || v.Len() != len(t.parts) {
		return false
	}
	other := tree{value: v}
	other.open()
	for i, part := range t.parts {
		j := i
		if t.kind == Object {
			j = slices.Index(other.names, t.names[i])
		}
		if j < 0 || !part.equal(other.parts[j].value) {
			return false
		}
	}
	return true
}

// sameNumber reports whether two JSON numbers are numerically equal, as RFC 6902
// has it for tests.
func sameNumber(a, b []byte) bool {
	aMinus, aDigits, aPower := decimal(a)
	bMinus, bDigits, bPower := decimal(b)
	return bytes.Equal(aDigits, bDigits) && (len(aDigits) == 0 || aMinus == bMinus && aPower == bPower)
}

// decimal takes a JSON number apart: ±0.digits × 10^power, with digits that
// neither begin nor end in zeros; zero has none.
func decimal(n []byte) (minus bool, digits []byte, power int64) {
	n, minus = bytes.CutPrefix(n, []byte("-"))
	if i := bytes.IndexAny(n, "eE"); i >= 0 {
		var err error
		if power, err = strconv.ParseInt(string(n[i+1:]), 10, 48); err != nil {
			return minus, n, 0 // beyond all bounds: compared as written
		}
		n = n[:i]
	}
	whole, fraction, _ := bytes.Cut(n, []byte("."))
	digits = append(slices.Clip(whole), fraction...)
	power += int64(len(whole))
	trimmed := bytes.TrimLeft(digits, "0")
	power -= int64(len(digits) - len(trimmed))
	return minus, bytes.TrimRight(trimmed, "0"), power
}
