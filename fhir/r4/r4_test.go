package r4

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTablesAreWhole(t *testing.T) {
	if got := len(Types()); got != 146 {
		t.Errorf("there are %d resource types, want R4's 146", got)
	}
	for i, name := range Types() {
		if n, ok := TypeNumber(name); !ok || n != i+1 || TypeName(n) != name {
			t.Errorf("type %s has the number %d, %v", name, n, ok)
		}
	}
	for _, no := range []string{"", "Resource", "DomainResource", "SubscriptionStatus", "HumanName", "patient"} {
		if n, ok := TypeNumber(no); ok {
			t.Errorf("%q is a resource type, number %d", no, n)
		}
	}
	if TypeName(0) != "" || TypeName(147) != "" || TypeName(-1) != "" {
		t.Error("a number out of range names a type")
	}
	for _, c := range []struct{ typ, other string }{
		{"Age", "Quantity"},
		{"code", "string"},
		{"Patient", "DomainResource"},
		{"Patient", "Resource"},
		{"Bundle", "Resource"},
		{"Patient.contact", "BackboneElement"},
		{"Timing.repeat", "Element"},
		{"positiveInt", "integer"},
	} {
		if !Is(c.typ, c.other) {
			t.Errorf("%s is not a %s", c.typ, c.other)
		}
	}
	if Is("Quantity", "Age") || Is("Bundle", "DomainResource") || Is("x", "x") {
		t.Error("Is says too much")
	}
}

func TestChild(t *testing.T) {
	for _, c := range []struct {
		typ, name, path string
		types           []string
		min, max        int
		choice          bool
	}{
		{"Observation", "status", "Observation.status", []string{"code"}, 1, 1, false},
		{"Observation", "valueQuantity", "Observation.value[x]", []string{"Quantity"}, 0, 1, true},
		{"Observation", "effective", "Observation.effective[x]", []string{"dateTime", "Period", "Timing", "instant"}, 0, 1, true},
		{"Observation", "component", "Observation.component", []string{"Observation.component"}, 0, Many, false},
		{"Observation.component", "referenceRange", "Observation.component.referenceRange", []string{"Observation.referenceRange"}, 0, Many, false},
		{"Patient", "id", "Resource.id", []string{"id"}, 0, 1, false},
		{"Patient", "text", "DomainResource.text", []string{"Narrative"}, 0, 1, false},
		{"HumanName", "id", "Element.id", []string{"string"}, 0, 1, false},
		{"Age", "value", "Quantity.value", []string{"decimal"}, 0, 1, false},
		{"Extension", "url", "Extension.url", []string{"uri"}, 1, 1, false},
		{"Extension", "valueBase64Binary", "Extension.value[x]", []string{"base64Binary"}, 0, 1, true},
		{"Patient.contact", "modifierExtension", "BackboneElement.modifierExtension", []string{"Extension"}, 0, Many, false},
	} {
		e, ok := Child(c.typ, c.name)
		if !ok {
			t.Errorf("%s has no %s", c.typ, c.name)
			continue
		}
		if e.Path != c.path || !slices.Equal(e.Types, c.types) || e.Min != c.min || e.Max != c.max || e.Choice != c.choice {
			t.Errorf("Child(%s, %s) = %+v, want %+v", c.typ, c.name, e, c)
		}
	}
	for _, c := range [][2]string{{"Observation", "valueMoney"}, {"Observation", "value[x]"}, {"Bundle", "text"}, {"Nothing", "id"}, {"Patient", "_birthDate"}} {
		if e, ok := Child(c[0], c[1]); ok {
			t.Errorf("Child(%s, %s) = %+v, want nothing", c[0], c[1], e)
		}
	}
	e, _ := Child("Observation", "subject")
	if diff := cmp.Diff([]string{"Patient", "Group", "Device", "Location"}, e.Targets); diff != "" {
		t.Errorf("Targets (-want +got):\n%s", diff)
	}
	if e, _ := Child("Observation", "focus"); e.Targets != nil {
		t.Errorf("a reference to anything has the targets %v", e.Targets)
	}
}

// TestEvidenceVariableIsR4 holds the generator's correction in place.
func TestEvidenceVariableIsR4(t *testing.T) {
	e, ok := Child("EvidenceVariable.characteristic", "definitionDataRequirement")
	if !ok || e.Min != 1 {
		t.Errorf("characteristic.definition[x] = %+v", e)
	}
	if _, ok := Child("EvidenceVariable.characteristic", "definitionByCombination"); ok {
		t.Error("R5's characteristic is there")
	}
}

func TestSearchParams(t *testing.T) {
	p, ok := SearchParam("Observation", "code-value-quantity")
	if !ok || p.Type != Composite || len(p.Components) != 2 || p.Components[1].Definition.Code != "value-quantity" {
		t.Errorf("code-value-quantity = %+v", p)
	}
	p, ok = SearchParam("Patient", "phone")
	if !ok || p.Expression != "Patient.telecom.where(system='phone')" || p.URL != "http://hl7.org/fhir/SearchParameter/individual-phone" {
		t.Errorf("phone = %+v", p)
	}
	if ParamCode(p.Number) != "phone" {
		t.Errorf("number %d is %q", p.Number, ParamCode(p.Number))
	}
	p, ok = SearchParam("Basic", "_tag")
	if !ok || p.Expression != "Resource.meta.tag" || p.Base != "Resource" {
		t.Errorf("_tag = %+v", p)
	}
	p, _ = SearchParam("InsurancePlan", "name")
	if p.Expression != "InsurancePlan.name | InsurancePlan.alias" {
		t.Errorf("InsurancePlan name = %s", p.Expression)
	}
	if _, ok := SearchParam("Patient", "_text"); ok {
		t.Error("_text, which has no expression, is there")
	}
	for _, typ := range Types() {
		params := SearchParams(typ)
		if !slices.IsSortedFunc(params, func(a, b *Param) int { return int(a.Number) - int(b.Number) }) || len(params) < 6 {
			t.Errorf("the parameters of %s are not in order: %v", typ, params)
		}
		for _, code := range Compartment(typ) {
			if p, ok := SearchParam(typ, code); !ok || p.Type != Reference {
				t.Errorf("%s is in the compartment by %s, which is %v", typ, code, p)
			}
		}
	}
	if diff := cmp.Diff([]string{"subject", "performer"}, Compartment("Observation")); diff != "" {
		t.Errorf("Compartment(Observation) (-want +got):\n%s", diff)
	}
	if Compartment("Practitioner") != nil {
		t.Error("Practitioner is in the compartment")
	}
}

func BenchmarkReadTables(b *testing.B) {
	for b.Loop() {
		if _, err := readElements(elementsText); err != nil {
			b.Fatal(err)
		}
		if _, err := readSearch(searchText, Types()); err != nil {
			b.Fatal(err)
		}
	}
}
