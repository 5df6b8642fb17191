// Package workflow moves referrals, enrolments and tasks: which states they can
// be in, who may move them, and what has to be said for it.
//
//	flow := workflow.Of(view, clock)
//	referral, err := flow.Refer(ctx, workflow.Asking{…})
//	now, err := flow.Now(ctx, task)      // how it stands, and what I can do
//	now, err = flow.Do(ctx, task, workflow.Making{Move: "accept", Version: now.ETag})
//
// # The tables
//
// referrals.txt and tasks.txt are the machines: states, whose turn it is in each,
// moves, who may make them from where, what they need. What somebody is offered,
// what is refused and the tests of both come from them. A referral is one
// ServiceRequest for as long as it lives; at each service that has it, it is a
// Task there and an EpisodeOfCare by which that service sees the person. Whoever
// asked is the requester, whoever has it the owner of the Task.
//
// # What always holds
//
// No wrong door: a move that ends a referral at a service without help cannot be
// made without naming who takes the person on, and makes their task in the same
// transaction. No service gets a referral twice. Every state that is not over has
// somebody whose turn it is, and a task on their list.
//
// A move is one transaction, made from one version of the Task: of two who move at
// once one wins, and the other is told how it stands. A move that names the version
// it was made from is made once, however often it is sent. Who makes it stays who
// they are (access.ByWorkflow): the policy decides for their person, the audit
// names them. Access follows the referral: the receiver sees the person from when
// it is sent, as long as the episode is open.
//
// Clocks are worked out from the history of moves, which the ServiceRequest
// carries, each time they are looked at (care/workflow/clock): a referral that is
// sent on keeps its start.
//
// A place that is free at a model's service goes to who is first in the line by the
// model's order; whoever goes before others does so by an exception that the model
// names. Where somebody stands is told with the rules that put others before them
// (Place). No more begin than there are places, whichever node they begin at.
//
// # Trade-offs
//
// History lies in the resource rather than in a table beside it: it is exported,
// versioned and seen with the referral, and grows with every move; a referral has
// some ten of them. What a Task is waiting on is in its tags (FHIR's tags are for
// workflows), so that a list is one look-up.
package workflow
