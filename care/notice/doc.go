// Package notice tells people what was decided about them: a durable outbox of
// letters, and of e-mails and text messages that say nothing but that there is a
// letter.
//
//	box, err := notice.New(ctx, rec.As(system), notice.Options{Letters: folder, …})
//	err = box.Run(ctx, ticks)
//
// # What is written, and when
//
// occasions.txt says which move of the workflow tells whom: the person, a carer
// whom their Consent lets see referrals, a service that has only e-mail, the
// organisation that asked. A notice is a Communication in the record: to whom, by
// what medium, in which format and language, in which words, and how it stands.
// Those of one move are written in one transaction.
//
// The Outbox follows the log, under a lease, rather than have moves write their
// notices themselves. Who moves a referral need not see what a notice needs (where
// the person lives, how they read, whom they let see), a move is never slower or
// refused for a letter's sake, and the workflow does not know that there are
// notices. The price is a moment's delay. What is lost by a stop in between is
// nothing: moves are only ever added to a referral, each is a number of it, and
// what was written under that number (a receipt of the record) is not written
// again.
//
// # What always holds
//
// Each move is told once in the record, and at least once on the wire, under one
// id: a letter's file is replaced by the same letter, an e-mail has one
// Message-ID, a text one Idempotency-Key.
//
// A notice is in preparation, in progress, completed, or not done for a reason.
// What could not be sent is tried again after growing waits, and given up after
// Tries; then, and wherever nothing can be sent, it is on a list for somebody to
// do by hand. None is lost silently.
//
// Where somebody lives, and whether they may be written to at all, is looked at
// in the moment of sending, again. Nobody who has died, whose address is
// protected, or who said so by a flag is written to.
//
// An e-mail or a text holds no name, no service, no model, nothing of the referral:
// its words have no place for these (message.go), and what leaves is compared
// with what must not (guard.go).
//
// # Trade-offs
//
// Words are kept as they were sent, so that anyone with a right to the record can
// read what the person read; a change of the texts does not change old letters.
// Everything is sent by one process at a time, one after the other: some hundreds
// a minute, which a district of this size needs on no day.
package notice
