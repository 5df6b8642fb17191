package r4

import (
	"strings"
	"testing"
)

const div = `<div xmlns="http://www.w3.org/1999/xhtml">`

func TestNarrativeAccepts(t *testing.T) {
	for _, in := range []string{
		`text`, `<p>a &amp; b &#233; &#xE9; &lt;</p>`, `<br/>a<hr />`, `<img src="#pic" alt="a picture"/>`,
		`<a href="http://example.org?a=b&amp;c=d">x</a>`, `<a href="#x:y">x</a>`, `<a href='mailto:a@example.org'>x</a>`, `<a href="Patient/1">x</a>`,
		`<table class="grid"><tbody><tr><td colspan="2" style="color: red">x</td></tr></tbody></table>`,
		`<!-- a remark -->x`, "a\n\tb", `<h1 xml:lang="en">x</h1 >`, `<div xmlns="http://www.w3.org/1999/xhtml">inner</div>`,
	} {
		if fault := narrative([]byte(div + in + `</div>`)); fault != "" {
			t.Errorf("%s is refused: %s", in, fault)
		}
	}
}

func TestNarrativeRefuses(t *testing.T) {
	for _, c := range []struct{ in, say string }{
		{`text`, "one <div>"},
		{`<div>x</div>`, "must be <div xmlns"},
		{`<div xmlns="http://example.org">x</div>`, "namespace"},
		{`<divan xmlns="http://www.w3.org/1999/xhtml">x</divan>`, "<divan> is not allowed"},
		{div + `</div>`, "empty"},
		{div + ` <p>&#32;</p></div>`, "empty"},
		{div + `x`, "<div> is not closed"},
		{div + `x</div><div/>`, "outside"},
		{div + `x</div>y`, "outside"},
		{div + `<p>x</div></p>`, "does not match"},
		{div + `<p>x</P></div>`, "does not match"},
		{div + `<script>alert(1)</script></div>`, "<script> is not allowed"},
		{div + `<SCRIPT>x</SCRIPT></div>`, "<SCRIPT> is not allowed"},
		{div + `<iframe src="x"/></div>`, "<iframe> is not allowed"},
		{div + `<form><input/></form></div>`, "<form> is not allowed"},
		{div + `<object data="x"/></div>`, "not allowed"},
		{div + `<svg:a/>x</div>`, "not allowed"},
		{div + `<p onclick="x()">x</p></div>`, "onclick is not allowed"},
		{div + `<p ONCLICK="x()">x</p></div>`, "not allowed"},
		{div + `<p href="x">x</p></div>`, "href is not allowed on <p>"},
		{div + `<a href="javascript:alert(1)">x</a></div>`, "link"},
		{div + `<a href=" JaVaScRiPt:alert(1)">x</a></div>`, "link"},
		{div + `<a href="java&#10;script:alert(1)">x</a></div>`, "link"},
		{div + `<a href="&#106;avascript:alert(1)">x</a></div>`, "link"},
		{div + `<a href="vbscript:x">x</a></div>`, "link"},
		{div + `<img src="data:image/png;base64,AAAA" alt="x"/></div>`, "link"},
		{div + `<img src="x" style="background:url(http://example.org/track)"/></div>`, "style"},
		{div + `<p style="width: expression(x)">x</p></div>`, "style"},
		{div + `<p style="w\69dth:1">x</p></div>`, "style"},
		{div + `a & b</div>`, "&amp;"},
		{div + `a &nbsp; b</div>`, "reference"},
		{div + `a &#0; b</div>`, "reference"},
		{div + `a &#xD800; b</div>`, "reference"},
		{div + `a < b</div>`, "&lt;"},
		{div + `<p class=x>x</p></div>`, "quotes"},
		{div + `<p class>x</p></div>`, `name="value"`},
		{div + `<p class="a"id="b">x</p></div>`, "space"},
		{div + `<p class="a" class="b">x</p></div>`, "twice"},
		{div + `<p class="a<b">x</p></div>`, "&lt;"},
		{div + `<p class="a>x</p></div>`, "quote"},
		{div + `<![CDATA[x]]></div>`, "declarations"},
		{div + `<?php x ?></div>`, "processing"},
		{`<!DOCTYPE html>` + div + `x</div>`, "one <div>"},
		{div + `<!-- a -- b -->x</div>`, "comment"},
		{div + `<!-- x</div>`, "comment"},
		{div + "a\x00b</div>", "control"},
		{div + `x]]>y</div>`, "]]&gt;"},
		{div + strings.Repeat("<b>", 200) + "x" + strings.Repeat("</b>", 200) + `</div>`, "deep"},
		{div + `<p`, "not closed"},
		{div + `</`, "not closed"},
	} {
		fault := narrative([]byte(c.in))
		if !strings.Contains(fault, c.say) {
			t.Errorf("%s: %q, want it to say %q", c.in, fault, c.say)
		}
	}
}
