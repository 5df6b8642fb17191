package finding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"time"

	"joinery/criteria"
	"joinery/criteria/language"
	"joinery/fault"
	"joinery/record"
	"joinery/record/timelines"
	"joinery/timeline"
)

// Options say what is found.
type Options struct {
	Definitions []*language.Definition // of one library; whoever was found by others leaves
	Clock       func() time.Time       // required
	Lease       time.Duration          // how long a Finder that fell silent keeps others waiting; a minute when 0
	Log         *slog.Logger           // nil: nothing is said
}

// Finder keeps Groups of those whom definitions find. It is for one goroutine:
// that of a Keeper's Run.
type Finder struct {
	opts     Options
	view     *record.View
	follower *record.Follower
	program  *criteria.Program
	asker    *criteria.Asker

	keeper  *timelines.Keeper  // of which everybody was asked
	day     timeline.Day       // on which everybody was asked
	until   time.Time          // by when the lease is to be renewed; zero: it is another's
	waiting map[int64]struct{} // keys of those who are still to be looked at
	before  func() error       // between deciding and writing; tests stop it there
}

// name is under which the log is followed, for the lease.
const name = "finding"

// atOnce is how many of those who wait are looked at each time Find is called,
// so that those whose records change meanwhile do not wait for everybody.
const atOnce = 400

// New returns a Finder. The subject of the view must be a system that may read
// and write everything. The fault is Invalid when a definition asks for findings
// themselves: it might find and lose the same person for ever.
func New(ctx context.Context, v *record.View, o Options) (*Finder, error) {
	if o.Lease == 0 {
		o.Lease = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &Finder{opts: o, view: v, waiting: map[int64]struct{}{}}
	for _, d := range o.Definitions {
		if asksForFindings(d) {
			return nil, fault.New(fault.Invalid, fmt.Sprintf("The definition %s asks who was found by a definition, which cannot be applied: it could find and lose the same people for ever.", d.ID))
		}
	}
	f.program = criteria.Compile(o.Definitions...)
	f.asker = f.program.Asker()
	follower, err := v.Follow(ctx, name, o.Lease)
	if err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	f.follower = follower
	return f, nil
}

// asksForFindings reports whether a definition, or one that it meets, may find
// the assessments that are written here.
func asksForFindings(d *language.Definition) bool {
	asks := false
	var walk func(language.Expr)
	walk = func(x language.Expr) {
		switch x := x.(type) {
		case nil:
			return
		case *language.Events:
			asks = asks || findsFindings(x)
		case *language.Meets:
			walk(x.Term)
			asks = asks || x.Definition != nil && asksForFindings(x.Definition)
		}
		x.Each(walk)
	}
	d.Each(walk)
	return asks
}

func findsFindings(e *language.Events) bool {
	if e.Codes == nil {
		return len(e.Kinds) == 0 || slices.Contains(e.Kinds, "RiskAssessment")
	}
	return slices.ContainsFunc(e.Codes.Codes, func(c language.Code) bool { return c.System == definitionSystem || c.System == placeSystem })
}

// Find looks at those whose timelines changed, and at everybody when the day
// changed or the Keeper is new, and writes what is no longer so in the record.
// It is made to be called at each tick of the Keeper's Run: what could not be
// done is tried again at the next. The error is that of the record; it has been
// kept in mind what is still to do.
func (f *Finder) Find(ctx context.Context, k *timelines.Keeper, changed []int64) error {
	mine, err := f.lead(ctx)
	if err != nil || !mine {
		return err
	}
	now, _ := timeline.DayOf(f.opts.Clock())
	if f.keeper != k || f.day != now {
		if err := f.everybody(ctx, k, now); err != nil {
			return err
		}
	}
	for _, key := range changed {
		f.waiting[key] = struct{}{}
	}
	return f.look(ctx, k, f.next(changed))
}

// next returns whom to look at now: those who changed before those who wait
// since longer, since theirs is what somebody just did.
func (f *Finder) next(changed []int64) []int64 {
	if len(changed) >= atOnce || len(f.waiting) == len(changed) {
		return changed[:min(len(changed), atOnce)]
	}
	todo := slices.Clone(changed)
	for _, key := range slices.Sorted(maps.Keys(f.waiting)) {
		if len(todo) == atOnce {
			break
		}
		if !slices.Contains(changed, key) {
			todo = append(todo, key)
		}
	}
	return todo
}

// lead takes or keeps the lease, and reports whether it is ours. Whoever did not
// have it looks at everybody when it comes.
func (f *Finder) lead(ctx context.Context) (mine bool, err error) {
	now := f.opts.Clock()
	if left := f.until.Sub(now); left > 0 && left <= f.opts.Lease/2 { // more when the clock was put back
		return true, nil
	}
	was := f.until
	f.until = time.Time{}
	if _, _, err = f.follower.Begin(ctx); err != nil {
		f.keeper = nil
		if fault.KindOf(err) == fault.Unavailable {
			return false, nil
		}
		return false, fmt.Errorf("find people: %w", err)
	}
	f.until = now.Add(f.opts.Lease / 2)
	if was.IsZero() {
		f.keeper = nil
	}
	return true, nil
}

// everybody asks of everybody, in one pass, and sets those of whom the record
// says something else down to be looked at.
func (f *Finder) everybody(ctx context.Context, k *timelines.Keeper, day timeline.Day) error {
	if err := f.announce(ctx); err != nil {
		return err
	}
	set, err := k.Set()
	if err != nil {
		return fmt.Errorf("find people: %w", err)
	}
	results, err := f.program.Run(ctx, set, day, runtime.GOMAXPROCS(0))
	if err != nil {
		return fmt.Errorf("find people: %w", err)
	}
	written := written(set.Whats())
	outcomes := make([]criteria.Outcome, len(results.Definitions))
	for i := range set.Len() {
		for d, r := range results.Definitions {
			outcomes[d] = r.Outcome(i)
		}
		if p := set.Person(i); len(f.differ(p, outcomes, written)) > 0 {
			f.waiting[p.Key()] = struct{}{}
		}
	}
	f.opts.Log.InfoContext(ctx, "everybody was asked", slog.Int("people", set.Len()), slog.Int("definitions", len(results.Definitions)), slog.Int("differ", len(f.waiting)))
	if err := f.follower.Done(ctx, k.At()); err != nil {
		return fmt.Errorf("find people: %w", err)
	}
	f.keeper, f.day = k, day
	return nil
}

// look asks of persons and writes what the record should say of them.
func (f *Finder) look(ctx context.Context, k *timelines.Keeper, keys []int64) error {
	var all []finding
	seen := map[string]bool{}
	for _, key := range keys {
		found, err := f.of(ctx, k, key)
		if err != nil {
			return err
		}
		for _, one := range found {
			if !seen[string(one.id)] { // one merged into another is found with both
				seen[string(one.id)] = true
				all = append(all, one)
			}
		}
	}
	failed, err := f.write(ctx, all)
	for _, key := range keys {
		if !failed[key] && err == nil {
			delete(f.waiting, key)
		}
	}
	return err
}

// of returns what the record should say of a person and does not.
func (f *Finder) of(ctx context.Context, k *timelines.Keeper, key int64) ([]finding, error) {
	person, ok := k.Person(key)
	if !ok {
		return f.gone(ctx, key)
	}
	alone := person.Alone()
	outcomes := f.asker.Ask(alone, 0, f.day)
	differ := f.differ(person, outcomes, written(alone.Whats()))
	for i := range differ {
		d := &differ[i]
		d.day, d.key = f.day, key
		if d.definition != nil && d.place != "" {
			d.reasons = f.asker.Reasons(d.index)
		} else if d.definition != nil {
			d.why = left(outcomes[d.index], d.definition)
		}
	}
	return differ, nil
}

// left says why someone is no longer in any place of a definition.
func left(o criteria.Outcome, d *language.Definition) string {
	why := o.Answer.String()
	if says := o.Why(d); says != "" {
		why += ": " + says
	}
	return why
}

// gone returns the findings of a person of whom there is no Patient any more, or
// who is known as another.
func (f *Finder) gone(ctx context.Context, key int64) ([]finding, error) {
	held, err := f.follower.Person(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("find people: %w", err)
	}
	var out []finding
	for i := range held {
		if held[i].Type != "RiskAssessment" {
			continue
		}
		doc, err := held[i].Doc()
		if err != nil {
			return nil, fmt.Errorf("find people: %w", err)
		}
		if g, ok := readAssessment(doc.Root()); ok && g.place != "" {
			out = append(out, finding{id: held[i].ID, patient: g.patient, day: f.day, key: key, why: "there is no record of this person by this Patient any more"})
		}
	}
	return out, nil
}

// Close lets another find.
func (f *Finder) Close(ctx context.Context) error {
	if f.until.IsZero() {
		return nil
	}
	f.until = time.Time{}
	err := f.follower.Release(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("find people: %w", err)
	}
	return nil
}
