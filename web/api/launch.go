package api

import (
	"net/http"
	"strings"

	"joinery/fhir"
	"joinery/record"
)

const nhsNumbers = "https://fhir.nhs.uk/Id/nhs-number"

// launch answers POST Patient/$launch with the link by which the user of another
// system opens a person's page here: see record.View.Launch. The number is in the
// body alone, and the answer is the same whether anybody has it or not.
func (c *call) launch() (*reply, error) {
	if c.typ != "Patient" {
		return nil, &unknownAddress{"This operation is there for a Patient."}
	}
	if err := c.only(); err != nil {
		return nil, err
	}
	doc, err := c.resource("Parameters")
	if err != nil {
		return nil, err
	}
	asked, err := launching(doc.Root())
	if err != nil {
		return nil, err
	}
	made, err := c.view.Launch(c.ctx, asked)
	if err != nil {
		return nil, err
	}
	at := strings.TrimSuffix(c.api.base, "/fhir") + "/launch/" + made.Secret
	return body(http.StatusOK, []opValue{{Name: "url", URL: at}, {Name: "expires", Instant: moment(made.Until)}})
}

// launching reads whose page is to be opened, and for whom.
func launching(parameters fhir.Value) (record.Launch, error) {
	var asked record.Launch
	for p := range parameters.Get("parameter").Items() {
		into := (*string)(nil)
		value := p.Get("valueString")
		switch name := p.Get("name"); {
		case name.Is("identifier"):
			if !p.Get("valueIdentifier").Get("system").Is(nhsNumbers) {
				return asked, issue("value", p.Where(), "The identifier is an NHS number: a valueIdentifier with the system "+nhsNumbers+".")
			}
			into, value = &asked.NHSNumber, p.Get("valueIdentifier").Get("value")
		case name.Is("user"):
			into = &asked.Account
		case name.Is("issuer"):
			into = &asked.Issuer
		case name.Is("subject"):
			into = &asked.Subject
		default:
			return asked, issue("not-supported", p.Where(), "This operation has the parameters identifier, user, issuer and subject.")
		}
		if value.Kind() != fhir.String || value.Text() == "" {
			return asked, issue("value", p.Where(), "This parameter needs a text: the value of an identifier, or a valueString.")
		}
		if *into != "" {
			return asked, issue("value", p.Where(), "This parameter is given once.")
		}
		*into = value.Text()
	}
	return asked, nil
}
