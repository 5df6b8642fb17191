package notice

import (
	"context"
	"strings"

	"joinery/fhir"
)

// What leaves by e-mail or as a text message can be read by others: whoever holds
// the telephone, whoever keeps the mailbox. The texts have no place for anything of
// a person (message.go). Here what leaves is compared with what the notice is about,
// so that a text that was written carelessly, or a sender's name that tells what is
// treated, does not leave either.

// shortest is how long words must be to be looked for: shorter ones are in any text.
const shortest = 4

// secrets returns what a notice must not tell by e-mail or text: every word that
// its referral or invitation has, and who the person is.
func (o *Outbox) secrets(ctx context.Context, n *Notice, p *person) ([]string, error) {
	out := append([]string{string(n.Patient)}, strings.Fields(p.name)...)
	for _, of := range n.Of {
		typ, id, _ := strings.Cut(of, "/")
		page, err := find(ctx, o.view, o.opts.Clock(), typ, "_id", id)
		if err != nil {
			return nil, err
		}
		for i := range page.Entries {
			doc, err := page.Entries[i].Version.Doc()
			if err != nil {
				return nil, err //nolint:wrapcheck // it cannot be: it was stored
			}
			out = append(out, said(doc.Root())...)
		}
	}
	return out, nil
}

// said returns what a resource says in words that are its own.
func said(res fhir.Value) []string {
	var out []string
	var walk func(v fhir.Value)
	walk = func(v fhir.Value) {
		switch v.Kind() {
		case fhir.Object:
			for name, member := range v.Members() {
				switch name {
				case "meta":
				case "text", "display", "description":
					if member.Kind() == fhir.String {
						out = append(out, member.Text())
						continue
					}
					walk(member)
				default:
					walk(member)
				}
			}
		case fhir.Array:
			for item := range v.Items() {
				walk(item)
			}
		}
	}
	walk(res)
	return out
}

// leaks reports whether words hold one of those that must not leave.
func leaks(words, secrets []string) bool {
	all := strings.ToLower(strings.Join(words, "\n"))
	for _, s := range secrets {
		if s = strings.ToLower(strings.TrimSpace(s)); len(s) >= shortest && containsWord(all, s) {
			return true
		}
	}
	return false
}

// containsWord reports whether a phrase stands in a text as words of its own.
func containsWord(text, phrase string) bool {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80 }
	for from := 0; ; {
		at := strings.Index(text[from:], phrase)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(phrase)
		if (at == 0 || !letter(text[at-1])) && (end == len(text) || !letter(text[end])) {
			return true
		}
		from = at + 1
	}
}
