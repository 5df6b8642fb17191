package fhir

// Outcome returns an OperationOutcome that says the issues, as JSON: what is
// wrong in details.text, where in expression. Without issues it says that all
// is well, since an outcome must say something.
func Outcome(issues []Issue) []byte {
	if len(issues) == 0 {
		issues = []Issue{{Information, "informational", "", "All is well."}}
	}
	out := []byte(`{"resourceType":"OperationOutcome","issue":[`)
	for i, issue := range issues {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"severity":`...)
		out = AppendQuoted(out, string(issue.Severity))
		out = append(out, `,"code":`...)
		out = AppendQuoted(out, issue.Code)
		out = append(out, `,"details":{"text":`...)
		out = AppendQuoted(out, issue.Say)
		out = append(out, '}')
		if issue.Where != "" {
			out = append(out, `,"expression":[`...)
			out = AppendQuoted(out, issue.Where)
			out = append(out, ']')
		}
		out = append(out, '}')
	}
	return append(out, "]}"...)
}
