// Package finding keeps, in the record, whom definitions find: when a person's
// record changes, that person alone is asked again, and who came in or went out
// is written as a Group, with the reasons.
//
//	f, err := finding.New(ctx, rec.As(system), finding.Options{Definitions: ds, Clock: time.Now})
//	err = keeper.Run(ctx, ticks, func(ctx context.Context, changed []int64) error { return f.Find(ctx, keeper, changed) })
//
// # What is written
//
// Each place in which a definition can put people (a group; each segment; the
// met and the gap of a measure) is a Group without members, by a fixed id
// (GroupID). Each person who is or was in one has, for that definition and by
// one id, a RiskAssessment, which says what decided and by which events; and a
// Group with them as its only member, since when and, once they left, until
// when, which says of which Group it is (found-in). The assessment is the
// person's: whoever may read their record sees it. A Group is nobody's. Both
// have the security labels of the events that the assessment tells of, so that
// they show nothing that is hidden elsewhere. One person's change rewrites two
// small resources that are theirs alone: docs/decisions/0007 weighs this against
// one Group of many.
//
// # What always holds
//
// A person's own timeline has their assessments among its events. So what is
// written is compared with what should be in one place, kept and rebuilt with
// the timelines; nothing else is remembered. An assessment and its Group are
// written in one transaction, and only when the assessment in the record, read
// at that moment, says something else: whatever is interrupted or done twice,
// nothing is doubled and nothing is lost. Membership follows from the record and
// the day alone: not from the order of changes, from stops, or from who was
// running.
//
// When the day changes in London everybody is asked again, in one pass: whoever
// comes in or goes out by the passing of time alone does so on the day.
//
// Of all processes on one record one finds at a time, under a lease.
//
// # Trade-offs
//
// Everybody is asked each midnight, rather than only those whose next change
// falls on that day: a pass over a million takes seconds, and to know the next
// day of change of one person takes hundreds of askings after each event.
package finding
