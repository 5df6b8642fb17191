package path_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"joinery/fault"
	"joinery/fhir"
	"joinery/fhir/path"
)

func Example() {
	doc, err := fhir.Parse([]byte(`{"resourceType":"Patient","name":[{"given":["Ada","May"]},{"family":"King"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := path.Compile("Patient.name.where(family.exists()).family | name.given.first()")
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := e.Eval(nil, doc.Root())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range found {
		text, _ := i.Text()
		fmt.Println(i, i.Type(), text)
	}
	// Output:
	// Patient.name[1].family string King
	// Patient.name[0].given[0] string Ada
}

const bundle = `{"resourceType":"Bundle","type":"collection","entry":[` +
	`{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p","contained":[{"resourceType":"Practitioner","id":"d","name":[{"text":"Dr X"}]}],` +
	`"generalPractitioner":[{"reference":"#d"},{"reference":"Organization/o"}],"deceasedBoolean":false,` +
	`"name":[{"given":["A",null],"_given":[null,{"extension":[{"url":"http://e/x","valueCode":"c"}]}]}]}},` +
	`{"fullUrl":"http://s/Observation/2","resource":{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"subject":{"reference":"urn:uuid:1"},` +
	`"performer":[{"reference":"Practitioner/z"},{"type":"Organization","identifier":{"value":"1"}},{"display":"?"}],` +
	`"effectiveDateTime":"2020-05","component":[{"code":{"text":"a"},"valueQuantity":{"value":1.50,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}},` +
	`{"code":{"text":"b"},"valueQuantity":{"value":2,"comparator":"<","unit":"mg"}},{"code":{"text":"c"},"valueString":"x"}]}}]}`

// TestEval evaluates on the Bundle above; a path that starts with a resource
// type is of the entry of that type.
func TestEval(t *testing.T) {
	doc := parsed(t, []byte(bundle))
	patient, observation := doc.Root().Get("entry").Item(0).Get("resource"), doc.Root().Get("entry").Item(1).Get("resource")
	for _, c := range []struct{ expr, want string }{
		// Types, choices, primitives
		{`Observation.component.value`, `Bundle.entry[1].resource.component[0].valueQuantity, Bundle.entry[1].resource.component[1].valueQuantity, Bundle.entry[1].resource.component[2].valueString`},
		{`Observation.component.value.ofType(string)`, `Bundle.entry[1].resource.component[2].valueString`},
		{`(Observation.component.value as Quantity).value`, `Bundle.entry[1].resource.component[0].valueQuantity.value, Bundle.entry[1].resource.component[1].valueQuantity.value`},
		{`Observation.component[0].value = 1.5 'mg'`, `true`},
		{`Observation.component[0].value > 0.001 'g'`, `true`},
		{`Observation.component[1].value < 3 'mg'`, `error`},
		{`Observation.component[0].value.value.toString()`, `'1.50'`},
		{`Observation.component[0].value.value.type().name`, `'decimal'`},
		{`Observation.component[0].value.toQuantity('g').value`, `0.0015`},
		{`Observation.status is code and Observation.status is string`, `true`},
		{`Patient.name.given.hasValue()`, `false`},
		{`Patient.name.given.select(hasValue())`, `true, false`},
		{`Patient.name.given[1].extension('http://e/x').value`, `Bundle.entry[0].resource.name[0]._given[1].extension[0].valueCode`},
		{`Patient.name.given.count()`, `2`},
		{`Patient.name.given[0].getValue().type().namespace`, `'System'`},
		{`Patient.deceased`, `Bundle.entry[0].resource.deceasedBoolean`},
		{`Patient.deceased.not()`, `true`},
		{`Patient.contained.name.text`, `Bundle.entry[0].resource.contained[0].name[0].text`},
		{`Patient.contained.nothing`, ``},
		{`Practitioner.name`, ``},
		{`DomainResource.id = Resource.id`, `true`},
		// References
		{`Patient.generalPractitioner[0].resolve().name.text`, `Bundle.entry[0].resource.contained[0].name[0].text`},
		{`Patient.generalPractitioner.where(resolve() is Organization).reference`, `Bundle.entry[0].resource.generalPractitioner[1].reference`},
		{`Patient.generalPractitioner.where(resolve() is Practitioner).reference`, `Bundle.entry[0].resource.generalPractitioner[0].reference`},
		{`Observation.subject.resolve().id`, `Bundle.entry[0].resource.id`},
		{`Observation.subject.where(resolve() is Patient).exists()`, `true`},
		{`Observation.performer.where(resolve() is Practitioner).count()`, `1`},
		{`Observation.performer.where(resolve() is Organization).count()`, `1`},
		{`Observation.performer.resolve()`, ``},
		{`%rootResource.id`, `Bundle.entry[0].resource.id`},
		{`Patient.contained.where(id = 'd').select(%rootResource.id)`, `Bundle.entry[0].resource.id`},
		{`%resource.id`, `Bundle.entry[0].resource.id`},
		{`%context.id = %resource.id`, `true`},
		// Three-valued logic and singletons
		{`{} or true`, `true`},
		{`({} and true).empty()`, `true`},
		{`'x' and true`, `true`},
		{`Patient.name.given and true`, `error`},
		{`Patient.name.given.select($index)`, `0, 1`},
		{`$index`, `error`},
		{`$total`, `error`},
		// Dates
		{`Observation.effective < @2020-06`, `true`},
		{`Observation.effective < @2020-05-02`, ``},
		{`@2020-01-31 + 1 month`, `@2020-02-29`},
		{`@2020-02-29 + 1 year`, `@2021-02-28`},
		{`@2020-02-29 - 1 year`, `@2019-02-28`},
		{`@2020 + 24 months`, `@2022`},
		{`@2020-06 + 45 days`, `@2020-07`},
		{`@2020-06-01 + 25 hours`, `@2020-06-02`},
		{`@9999-12-31 + 1 day`, ``},
		{`@T23:30 + 1 hour`, `@T00:30`},
		{`@2020-01-01T00:00:00Z + 36 hours`, `@2020-01-02T12:00:00Z`},
		{`@2020-01-01T00:00:00Z + 1500 'ms'`, `@2020-01-01T00:00:01Z`},
		{`@2020-01-01T00:00:00.000Z + 1500 'ms'`, `@2020-01-01T00:00:01.500Z`},
		{`@2020-01-01T10:00:00+02:00 = @2020-01-01T08:00:00Z`, `true`},
		{`@2020-01-01T10:00:00 < @2020-01-02T23:00:00Z`, `true`},
		{`@2020-01-01T10:00:00 < @2020-01-01T11:00:00Z`, ``},
		{`today()`, `@2026-11-22`},
		{`now()`, `@2026-11-22T15:00:00.000+00:00`},
		{`timeOfDay()`, `@T15:00:00.000`},
		{`'2020-02-30'.toDate()`, ``},
		{`'2020-02-03T10:00:00Z'.toDate()`, `@2020-02-03`},
		{`@2020-02.lowBoundary()`, `@2020-02-01`},
		{`@2020-02.highBoundary()`, `@2020-02-29`},
		// Numbers
		{`0.1 + 0.2 = 0.3`, `true`},
		{`2147483647 + 1`, ``},
		{`2147483648`, `error`},
		{`7 div 2 * 2 + 7 mod 2`, `7`},
		{`1 / 3`, `0.3333333333333333333333333333`},
		{`(10).power(-1)`, `0.1`},
		{`2.power(31)`, ``},
		{`1.005.round(2)`, `1.01`},
		{`-1.5.round()`, `-2`},
		{`1000000.0 * 1000000.0`, `1000000000000.00`},
		// Quantities
		{`1 year = 12 months`, `true`},
		{`1 year > 364 days`, ``},
		{`1 'mg' + 1 'g'`, `1001 'mg'`},
		{`1 'mg' + 1 's'`, ``},
		{`3 'mg' * 2`, `6 'mg'`},
		{`37 'Cel' > 98 '[degF]'`, `true`},
		{`'4 days'.toQuantity()`, `4 days`},
		// Texts
		{`'añb'.length()`, `3`},
		{`'añb'.substring(1, 1)`, `'ñ'`},
		{`'añb'.indexOf('b')`, `2`},
		{`'a1'.replaceMatches('([a-z])(\\d)', '$2x')`, `'1x'`},
		{`'\ud83d\ude00'.length()`, `1`},
		// The rest
		{`(1 | 2).combine(2, true).distinct().count()`, `2`},
		{`(3 | 1 | 2).sort(-$this).first()`, `3`},
		{`1.defineVariable('x', 5).select($this + %x)`, `6`},
		{`(1 | 2).select(defineVariable('x').select(%x))`, `1, 2`},
		{`coalesce({}, {}, 4, 5)`, `4`},
		{`Observation.status.memberOf('http://hl7.org/fhir/ValueSet/observation-status')`, `true`},
		{`Observation.status.memberOf('http://e/unknown')`, ``},
		{`%vs-observation-status`, `error`},
		{"%`vs-observation-status`", `'http://hl7.org/fhir/ValueSet/observation-status'`},
		{`%mine & %mine`, `'vv'`},
		{`%nobody`, `error`},
		{`Observation.code.coding.subsumes('1')`, `error`},
		{`'x'.slice('a', 'b')`, `error`},
	} {
		e, err := path.Compile(c.expr)
		var got path.Collection
		if err == nil {
			focus := patient
			if strings.Contains(c.expr, "Observation") {
				focus = observation
			}
			got, err = e.Eval(&path.Env{Now: now, Vars: map[string]path.Collection{"mine": {path.String("v")}}}, focus)
		}
		s := make([]string, len(got))
		for n, i := range got {
			s[n] = i.String()
		}
		have := strings.Join(s, ", ")
		if err != nil {
			have = "error"
		}
		if have != c.want {
			t.Errorf("%s = %s (%v), want %s", c.expr, have, err, c.want)
		}
	}
}

func TestMistakesAreRefusedWhateverTheData(t *testing.T) {
	empty := parsed(t, []byte(`{"resourceType":"Patient"}`))
	for _, c := range []struct{ expr, say string }{
		{`Patient.nome`, "Patient has no element nome"},
		{`name.given.family`, "string has no element family"},
		{`Patient.contact.name.where(use2 = 'x')`, "HumanName has no element use2"},
		{`Patient.deceasedBoolean`, "no element deceasedBoolean"},
		{`(Observation.value as Period).unit`, "Period has no element unit"},
		{`Observation.name`, "Observation has no element name"},
		{`iif(true, name, nome)`, "no element nome"},
		{`name.frist()`, "at character 6: there is no function frist()"},
		{`name.first(1)`, "first() takes 0 arguments, not 1"},
		{`name.ofType(HumanNam)`, "there is no type HumanNam"},
		{`name is FHIR.Strin`, "there is no type Strin"},
		{`name.`, "not the end"},
		{`name given`, `not "given"`},
		{`'abc`, "a quote is opened and not closed"},
		{`'\q'`, "the escapes are"},
		{`@2020-13-01`, "there is no such date"},
		{`@2020-02-30`, "there is no such date"},
		{`name # x`, "no meaning here"},
		{`$that`, "the variables are"},
	} {
		e, err := path.Compile(c.expr)
		if err == nil {
			_, err = e.Eval(nil, empty.Root())
		}
		if err == nil || !strings.Contains(err.Error(), c.say) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: error %v, want one that says %q", c.expr, err, c.say)
		}
	}
}

func TestTheClockIsTheCallers(t *testing.T) {
	e, err := path.Compile("now()")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Eval(nil, fhir.Value{}); err == nil {
		t.Errorf("now() without a time = %v, want an error", got)
	}
}

func TestResolveAsksTheEnvironment(t *testing.T) {
	doc := parsed(t, []byte(`{"resourceType":"Encounter","subject":{"reference":"Patient/p"}}`))
	other := parsed(t, []byte(`{"resourceType":"Patient","id":"p","active":true}`))
	var asked []string
	env := &path.Env{Resolve: func(ref string) (fhir.Value, bool) {
		asked = append(asked, ref)
		return other.Root(), true
	}}
	e, err := path.Compile("subject.resolve().active and (subject.resolve() is Patient)")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Eval(env, doc.Root())
	if err != nil || !got.IsTrue() {
		t.Errorf("Eval = %v, %v, want true", got, err)
	}
	if len(asked) != 1 || asked[0] != "Patient/p" {
		t.Errorf("the environment was asked for %q, want just Patient/p: a type test need not resolve", asked)
	}
}

func TestElementKnowsItsType(t *testing.T) {
	doc := parsed(t, []byte(`{"given":["A"],"family":"B"}`))
	e, err := path.Compile("given | family")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.EvalItem(nil, path.Element("HumanName", doc.Root(), fhir.Value{}))
	if err != nil || len(got) != 2 || got[0].Type() != "string" {
		t.Errorf("EvalItem = %v, %v, want two strings", got, err)
	}
	if _, err := e.EvalItem(nil, path.Element("Address", doc.Root(), fhir.Value{})); err == nil {
		t.Error("an Address has a given name")
	}
	got, err = e.Eval(nil, doc.Root())
	if err != nil || len(got) != 2 || got[0].Type() != "" {
		t.Errorf("Eval on an unknown type = %v, %v, want two items of unknown type", got, err)
	}
}

func TestTraceTellsTheEnvironment(t *testing.T) {
	var told []string
	env := &path.Env{Trace: func(label string, c path.Collection) { told = append(told, fmt.Sprint(label, len(c))) }}
	e, err := path.Compile("(1 | 2).trace('n').trace('m', $this = 1).count()")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Eval(env, fhir.Value{}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, " "); got != "n2 m2" {
		t.Errorf("trace told %q, want n2 m2", got)
	}
}

func TestAnExprServesManyGoroutines(t *testing.T) {
	e, err := path.Compile("name.where(use = 'official').given.select($this & 'x').matches('P.*x') or code.exists()")
	if err != nil {
		t.Fatal(err)
	}
	doc := parsed(t, []byte(benchPatient))
	broken := parsed(t, []byte(benchObservation))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 200 {
				if _, err := e.Eval(nil, doc.Root()); err == nil {
					t.Error("code exists in Patient")
				}
				if _, err := e.Eval(nil, broken.Root()); err == nil {
					t.Error("name exists in Observation")
				}
			}
		})
	}
	wait.Wait()
}
