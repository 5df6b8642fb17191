package path

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"joinery/fault"
)

var stringFunctions = map[string]*function{
	"indexOf":        {least: 1, gives: anInteger, do: onText(indexOf)},
	"lastIndexOf":    {least: 1, gives: anInteger, do: onText(lastIndexOf)},
	"substring":      {least: 1, most: 2, gives: aString, do: substring},
	"startsWith":     {least: 1, gives: aBoolean, do: onText(textTest(strings.HasPrefix))},
	"endsWith":       {least: 1, gives: aBoolean, do: onText(textTest(strings.HasSuffix))},
	"contains":       {least: 1, gives: aBoolean, do: onText(textTest(strings.Contains))},
	"upper":          {gives: aString, do: onText(textMap(strings.ToUpper))},
	"lower":          {gives: aString, do: onText(textMap(strings.ToLower))},
	"trim":           {gives: aString, do: onText(textMap(strings.TrimSpace))},
	"length":         {gives: anInteger, do: onText(length)},
	"toChars":        {gives: aString, do: onText(toChars)},
	"replace":        {least: 2, gives: aString, do: onText(replace)},
	"matches":        {least: 1, gives: aBoolean, do: onText(matches("(?s)", ""))},
	"matchesFull":    {least: 1, gives: aBoolean, do: onText(matches(`(?s)\A(?:`, `)\z`))},
	"replaceMatches": {least: 2, gives: aString, do: onText(replaceMatches)},
	"split":          {least: 1, gives: aString, do: onText(split)},
	"join":           {most: 1, gives: aString, do: join},
	"encode":         {least: 1, gives: aString, do: onText(coded(encoders))},
	"decode":         {least: 1, gives: aString, do: onText(coded(decoders))},
	"escape":         {least: 1, gives: aString, do: onText(coded(escapers))},
	"unescape":       {least: 1, gives: aString, do: onText(coded(unescapers))},
}

// onText makes a function of one that takes a string and, as arguments,
// strings; where one of them is not there, it gives nothing.
func onText(do func(r *run, s string, args []string, out []Item) ([]Item, error)) func(*run, *call, []Item, []Item) ([]Item, error) {
	return func(r *run, c *call, in, out []Item) ([]Item, error) {
		s, ok, err := textIn(c, in)
		if err != nil || !ok {
			return out, err
		}
		var args []string
		for n := range c.args {
			arg, ok, err := r.text(c, n)
			if err != nil || !ok {
				return out, err
			}
			args = append(args, arg)
		}
		from := len(out)
		if out, err = do(r, s, args, out); err != nil {
			return out, err
		}
		work := len(s) / 8
		for i := from; i < len(out); i++ {
			if t, ok := out[i].data.(string); ok {
				work += 1 + len(t)/8
			}
		}
		return out, r.spend(work)
	}
}

// textIn returns the string that a function was called on.
func textIn(c *call, in []Item) (string, bool, error) {
	switch len(in) {
	case 0:
		return "", false, nil
	case 1:
		i := in[0].system()
		if i.kind == stringy {
			return i.data.(string), true, nil
		}
		if i.kind == node && i.typ != nil && i.typ.as == stringy {
			return "", false, nil // it has extensions and no value
		}
		return "", false, problem("%s() is for strings, not %s.", c.name, i.Type())
	}
	return "", false, problem("%s() takes one string and was given several.", c.name)
}

// text evaluates an argument that must be a string.
func (r *run) text(c *call, n int) (string, bool, error) {
	i, ok, err := r.single(c.args[n])
	if err != nil || !ok {
		return "", false, err
	}
	if i = i.system(); i.kind != stringy {
		return "", false, problem("argument %d of %s() must be a string, not %s.", n+1, c.name, i.Type())
	}
	return i.data.(string), true, nil
}

// integer evaluates an argument that must be an integer.
func (r *run) integer(c *call, n int) (int, bool, error) {
	i, ok, err := r.single(c.args[n])
	if err != nil || !ok {
		return 0, false, err
	}
	if i = i.system(); i.kind != integer {
		return 0, false, problem("argument %d of %s() must be an integer, not %s.", n+1, c.name, i.Type())
	}
	return int(i.num), true, nil
}

func textTest(f func(s, t string) bool) func(*run, string, []string, []Item) ([]Item, error) {
	return func(_ *run, s string, args []string, out []Item) ([]Item, error) {
		return append(out, booleanItem(f(s, args[0]))), nil
	}
}

func textMap(f func(string) string) func(*run, string, []string, []Item) ([]Item, error) {
	return func(_ *run, s string, _ []string, out []Item) ([]Item, error) {
		return append(out, stringItem(f(s))), nil
	}
}

// Positions and lengths count characters, not bytes.

func indexOf(_ *run, s string, args []string, out []Item) ([]Item, error) {
	n := strings.Index(s, args[0])
	if n > 0 {
		n = utf8.RuneCountInString(s[:n])
	}
	return append(out, integerItem(int64(n))), nil
}

func lastIndexOf(_ *run, s string, args []string, out []Item) ([]Item, error) {
	n := strings.LastIndex(s, args[0])
	if n > 0 {
		n = utf8.RuneCountInString(s[:n])
	}
	return append(out, integerItem(int64(n))), nil
}

func length(_ *run, s string, _ []string, out []Item) ([]Item, error) {
	return append(out, integerItem(int64(utf8.RuneCountInString(s)))), nil
}

func substring(r *run, c *call, in, out []Item) ([]Item, error) {
	s, ok, err := textIn(c, in)
	if err != nil || !ok {
		return out, err
	}
	start, ok, err := r.integer(c, 0)
	if err != nil || !ok {
		return out, err
	}
	size := len(s)
	if len(c.args) > 1 {
		n, ok, err := r.integer(c, 1)
		if err != nil {
			return out, err
		}
		if ok {
			size = max(n, 0)
		}
	}
	if err := r.spend(len(s) / 8); err != nil {
		return out, err
	}
	if start < 0 || start >= utf8.RuneCountInString(s) {
		return out, nil
	}
	from := runeOffset(s, start)
	to := from + runeOffset(s[from:], size)
	return append(out, stringItem(s[from:to])), nil
}

// runeOffset returns where the n-th character starts, the end when there are
// fewer.
func runeOffset(s string, n int) int {
	for at := range s {
		if n == 0 {
			return at
		}
		n--
	}
	return len(s)
}

func toChars(_ *run, s string, _ []string, out []Item) ([]Item, error) {
	for _, c := range s {
		out = append(out, stringItem(string(c)))
	}
	return out, nil
}

// longestText is how long a string may become, in bytes.
const longestText = 16 << 20

func replace(r *run, s string, args []string, out []Item) ([]Item, error) {
	n := strings.Count(s, args[0])
	if len(s)+n*(len(args[1])-len(args[0])) > longestText {
		return out, fault.New(fault.TooLarge, "FHIRPath: replace() would make a string that is too long.")
	}
	return append(out, stringItem(strings.ReplaceAll(s, args[0], args[1]))), nil
}

// matches makes matches() and matchesFull(). Expressions are RE2's: in time
// linear in the text, without look-around and back-references.
func matches(before, after string) func(*run, string, []string, []Item) ([]Item, error) {
	return func(r *run, s string, args []string, out []Item) ([]Item, error) {
		re, err := r.pattern(before + args[0] + after)
		if err != nil {
			return out, err
		}
		if err := r.spend(len(s) * (1 + len(args[0])/16)); err != nil {
			return out, err
		}
		return append(out, booleanItem(re.MatchString(s))), nil
	}
}

// pattern compiles a regular expression, once an evaluation for most.
func (r *run) pattern(s string) (*regexp.Regexp, error) {
	if r.lastPattern != nil && r.lastPattern.String() == s {
		return r.lastPattern, nil
	}
	if err := r.spend(100 + 10*len(s)); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, problem("a regular expression is not one that we can use (RE2 syntax).")
	}
	r.lastPattern = re
	return re, nil
}

func replaceMatches(r *run, s string, args []string, out []Item) ([]Item, error) {
	if args[0] == "" {
		return append(out, stringItem(s)), nil
	}
	re, err := r.pattern("(?s)" + args[0])
	if err != nil {
		return out, err
	}
	if err := r.spend(len(s) * (1 + len(args[0])/16 + len(args[1])/8)); err != nil {
		return out, err
	}
	return append(out, stringItem(re.ReplaceAllString(s, groups.ReplaceAllString(args[1], "$${$1}")))), nil
}

// groups finds $1 in a replacement, which in Go would be read on to $1x.
var groups = regexp.MustCompile(`\$(\d+)`)

func split(_ *run, s string, args []string, out []Item) ([]Item, error) {
	for part := range strings.SplitSeq(s, args[0]) {
		out = append(out, stringItem(part))
	}
	return out, nil
}

func join(r *run, c *call, in, out []Item) ([]Item, error) {
	separator := ""
	if len(c.args) > 0 {
		var err error
		if separator, _, err = r.text(c, 0); err != nil {
			return out, err
		}
	}
	if len(in) == 0 {
		return out, nil
	}
	var b strings.Builder
	for n := range in {
		i := in[n].system()
		if i.kind != stringy {
			return out, problem("join() is for strings, not %s.", i.Type())
		}
		if n > 0 {
			b.WriteString(separator)
		}
		b.WriteString(i.data.(string))
		if b.Len() > longestText {
			return out, fault.New(fault.TooLarge, "FHIRPath: join() would make a string that is too long.")
		}
	}
	return append(out, stringItem(b.String())), r.spend(b.Len() / 8)
}

// coder turns a string into another; false when it cannot.
type coder func(string) (string, bool)

// coded makes encode() and its like, which name how in their argument.
func coded(by map[string]coder) func(*run, string, []string, []Item) ([]Item, error) {
	return func(_ *run, s string, args []string, out []Item) ([]Item, error) {
		f, ok := by[args[0]]
		if !ok {
			return out, problem("there is no encoding or escape of that name.")
		}
		if t, ok := f(s); ok {
			out = append(out, stringItem(t))
		}
		return out, nil
	}
}

func always(f func(string) string) coder {
	return func(s string) (string, bool) { return f(s), true }
}

func decoded(f func(string) ([]byte, error)) coder {
	return func(s string) (string, bool) {
		b, err := f(s)
		return string(b), err == nil && utf8.Valid(b)
	}
}

var encoders = map[string]coder{
	"hex":       always(func(s string) string { return hex.EncodeToString([]byte(s)) }),
	"base64":    always(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	"urlbase64": always(func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }),
}

var decoders = map[string]coder{
	"hex":       decoded(hex.DecodeString),
	"base64":    decoded(base64.StdEncoding.DecodeString),
	"urlbase64": decoded(base64.URLEncoding.DecodeString),
}

var escapers = map[string]coder{
	"html": always(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace),
	"json": always(escapeJSON),
}

var unescapers = map[string]coder{
	"html": always(html.UnescapeString),
	"json": unescapeJSON,
}

func escapeJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return s // cannot be: a string always has a JSON form
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// unescapeJSON decodes the escapes of JSON, and lets bare quotes stand.
func unescapeJSON(s string) (string, bool) {
	var quoted strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			quoted.WriteByte('\\')
		}
		quoted.WriteByte(s[i])
		if s[i] == '\\' && i+1 < len(s) {
			i++
			quoted.WriteByte(s[i])
		}
	}
	var out string
	err := json.Unmarshal([]byte(`"`+quoted.String()+`"`), &out)
	return out, err == nil
}
