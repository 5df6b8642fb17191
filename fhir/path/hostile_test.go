package path_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"joinery/bench/processor"
	"joinery/fault"
	"joinery/fhir/path"
)

func TestHostileExpressionsEnd(t *testing.T) {
	list := make([]string, 2000)
	for n := range list {
		list[n] = fmt.Sprint(n)
	}
	numbers := "(" + strings.Join(list[:900], "|") + ")"
	long := `{"resourceType":"Basic","text":{"status":"generated","div":"` + strings.Repeat(`\"x`, 1<<20) + `"},` +
		`"extension":[` + strings.TrimSuffix(strings.Repeat(`{"url":"u","valueString":"s"},`, 20_000), ",") + `]}`
	doc := parsed(t, []byte(long))
	for _, expr := range []string{
		`'a'.repeat($this & 'a')`,
		`1.repeatAll($this + 1)`,
		numbers + `.aggregate($total & $total, 'ab')`,
		`extension.aggregate($total & $total, 'ab')`,
		`'ab'` + strings.Repeat(`.replace('', 'abcdefgh')`, 200),
		`extension.select(%resource.extension).select(%resource.extension)`,
		`extension.value.distinct().combine(extension).distinct().combine(extension).distinct()`,
		`extension.where(%resource.text.div = 'x')`,
		`extension.where(%resource.text.div.length() > 0)`,
		`extension.where(%resource.text.div.toString() > 'a')`,
		`extension.select(%resource.text.div & 'x')`,
		`extension.where(%resource.text.div.matches('(x|y|z){1,500}q'))`,
		`descendants().descendants().descendants()`,
		`9.9` + strings.Repeat(`.power(4999.9)`, 100),
		`4999.99` + strings.Repeat(`.exp()`, 100),
		`extension.select(1.0000001.power(4999.9)).sum()`,
		`extension.select($index.exp())`,
		`extension.select(1.5 'km/h' > ($index & '').toQuantity('m/s'))`,
		`extension.select($index.toQuantity() * 3 'mg' / 7 'dL' < 5 'kg/m3')`,
		`extension.sort(-$index)`,
		`'x'.matches('((((a{30}){30}){30}){30}')`,
	} {
		name := expr[:min(len(expr), 60)]
		began := processor.Time()
		e, err := path.Compile(expr)
		if err == nil {
			_, err = e.Eval(&path.Env{Now: now, Steps: 1_000_000}, doc.Root())
		}
		if took := processor.Time() - began; took > 10*time.Second {
			t.Errorf("%s took %v, want under 10s", name, took)
		}
		if err != nil && fault.KindOf(err) != fault.TooLarge && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v (%v), want a refusal or a result", name, err, fault.KindOf(err))
		}
	}
}

func TestCompileBoundsExpressions(t *testing.T) {
	for _, c := range []struct{ name, expr string }{
		{"brackets", strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000)},
		{"open brackets", strings.Repeat("(", 30_000)},
		{"signs", strings.Repeat("-", 20_000) + "1"},
		{"a long path", "a" + strings.Repeat(".a", 10_000)},
		{"a long sum", "1" + strings.Repeat("+1", 10_000)},
		{"indexes", "a" + strings.Repeat("[a", 10_000)},
		{"calls", strings.Repeat("a.select(", 3_000) + "1"},
		{"length", strings.Repeat(" ", path.MaxLength) + "1"},
	} {
		if _, err := path.Compile(c.expr); err == nil {
			t.Errorf("%s: Compile gives no error", c.name)
		}
	}
	union := "name" + strings.Repeat(" | name", 400)
	if _, err := path.Compile(union); err != nil {
		t.Errorf("a union of 400 paths is refused: %v", err)
	}
}
