package r4

import "strings"

// allowedElements are the XHTML elements of a narrative: HTML 4.0 chapters 7 to
// 11 (without section 4 of chapter 9) and 15, links and images.
var allowedElements = setOf(`p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite
	blockquote hr address bdo kbd sub sup ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td
	code samp img map area s u strike center font`)

// allowedAttributes are those that any of these elements may have, or
// element.attribute.
var allowedAttributes = setOf(`title style class id lang xml:lang dir accesskey tabindex
	span width align valign char charoff abbr axis headers scope rowspan colspan
	div.xmlns blockquote.cite q.cite
	a.charset a.type a.name a.href a.hreflang a.rel a.rev a.shape a.coords
	img.src img.alt img.longdesc img.height img.width img.usemap img.ismap img.border map.name
	area.shape area.coords area.href area.nohref area.alt
	table.summary table.border table.frame table.rules table.cellspacing table.cellpadding table.bgcolor
	td.nowrap th.nowrap td.height th.height tr.height td.bgcolor th.bgcolor tr.bgcolor
	pre.space pre.xml:space ol.start ol.type li.value ul.type hr.size br.clear font.color font.size font.face`)

func setOf(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

const xhtmlNamespace = "http://www.w3.org/1999/xhtml"

// permit checks that an element may have an attribute, and with this value.
func (s *xhtml) permit(element, name, value string) {
	if name == "xmlns" {
		if value != xhtmlNamespace {
			s.fail("the namespace (xmlns) must be " + xhtmlNamespace)
		}
		return
	}
	if !allowedAttributes[name] && !allowedAttributes[element+"."+name] {
		if isName([]byte(name)) {
			s.fail("the attribute " + name + " is not allowed on <" + element + ">")
		} else {
			s.fail("an attribute of <" + element + "> is not allowed")
		}
		return
	}
	switch name {
	case "href", "src", "cite", "longdesc", "usemap":
		if !safeLink(value) {
			s.fail("a link may only lead to http, https, mailto, tel, ftp, urn, or a place given relative to here")
		}
	case "style":
		if !safeStyle(value) {
			s.fail("a style may not load or run anything (url, expression, import, behavior), nor have escapes")
		}
	}
}

// schemes are what a link in a narrative may lead to.
var schemes = setOf("http https mailto tel ftp urn")

func safeLink(link string) bool {
	link = strings.TrimFunc(link, func(r rune) bool { return r <= ' ' })
	if strings.ContainsFunc(link, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return false // browsers leave line ends out, so java\nscript: would be read as one word
	}
	colon := strings.IndexByte(link, ':')
	if colon < 0 || strings.ContainsAny(link[:colon], "/?#") {
		return true
	}
	return schemes[strings.ToLower(strings.TrimSpace(link[:colon]))]
}

func safeStyle(style string) bool {
	style = strings.ToLower(style)
	for _, bad := range []string{"url(", "expression", "@import", "behavior", "-moz-binding", "javascript", "image(", "image-set", "src(", "\\", "/*"} {
		if strings.Contains(style, bad) {
			return false
		}
	}
	return true
}
