// Package model reads models of care: what a service is for, for whom, who does
// what and when, how many it can hold, what it hopes to change and when to stop,
// as one small folder of text that a clinician writes.
//
//	m, problems := model.Read("packs/escape-pain", files, definitions.Shipped())
//	if len(problems) > 0 {
//		return problems // each names file, line and what to write instead
//	}
//	m.Hash, m.Marks(), m.Activities …
//
// A pack is model.yaml, with the definitions it needs of its own in criteria and
// codes, questionnaires in questions, and cases and a README.md, which are for
// people alone. A place that takes over a model adds local.yaml, which names the
// model's version and hash and sets parameters; model.yaml stays as it is, so
// that whatever else was changed is found and refused.
//
// # Invariants
//
// Read never panics and always ends. A Model without problems names nothing that
// it does not have: roles, activities, measures, questionnaires, definitions. It
// can be reached otherwise than digitally; measures something clinical, something
// of experience and something that might get worse; speaks on mental health,
// carers, social care and the voluntary sector; and has somebody who may take
// people in and send them on. A Model is never changed, and is safe for
// concurrent use.
//
// Canonical bytes hold all that the model runs by, shipped definitions included,
// and nothing else. They read back to an equal Model; its hash is theirs.
//
// # Trade-offs
//
// Whether a text says something sensible cannot be checked, only that it is
// there; the banner that nobody has reviewed it says so, and no setting takes it
// away. Times are written in words ("twice a week", "within 2 hours of the
// referral") from a small grammar, since that is what is argued over in meetings.
package model
