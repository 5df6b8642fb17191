package workflow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"joinery/care/model"
	"joinery/fhir"
)

var lineDay = time.Date(2026, 2, 3, 9, 0, 0, 0, time.UTC)

// people draws those who wait: few moments and few priorities, so that many are
// equal by every rule of a model.
func people(t *rapid.T) []waiter {
	var all []waiter
	moment := func(name string) time.Time {
		n := rapid.IntRange(-3, 3).Draw(t, name)
		if n == -3 {
			return time.Time{}
		}
		return lineDay.AddDate(0, 0, n)
	}
	for i := range rapid.IntRange(0, 14).Draw(t, "people") {
		all = append(all, waiter{
			task: fhir.ID(fmt.Sprintf("t%02d", i)), priority: rapid.SampledFrom(append(bands, "", "other")).Draw(t, "priority"),
			since: lineDay.AddDate(0, 0, -rapid.IntRange(0, 3).Draw(t, "since")), target: moment("target"), dated: moment("dated"), until: moment("until"),
		})
	}
	return all
}

func anOrder(t *rapid.T) []string {
	return rapid.SampledFrom([][]string{
		{"priority", "longest wait"}, {"longest wait"}, {"nearest target date", "priority"}, {"priority"}, {"priority", "nearest target date", "longest wait"},
	}).Draw(t, "order")
}

func tasksOf(l *line) []fhir.ID {
	var out []fhir.ID
	for i := range l.all {
		out = append(out, l.all[i].task)
	}
	return out
}

// TestALineIsOneOrder: of two people one is before the other, by a rule that has a
// name, whatever order they were found in; and what is told of each adds up.
func TestALineIsOneOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, by := people(t), anOrder(t)
		l := lineOf(by, lineDay, all)
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got, want := tasksOf(lineOf(by, lineDay, shuffled)), tasksOf(l); !slices.Equal(got, want) {
			t.Fatalf("found in another order the line is %v, was %v", got, want)
		}
		for i := range l.all {
			for j := range l.all {
				how, rule := l.compare(&l.all[i], &l.all[j])
				back, _ := l.compare(&l.all[j], &l.all[i])
				if how < 0 != (i < j) || how < 0 != (back > 0) || (how == 0) != (i == j) || how != 0 && rule.name == "" {
					t.Fatalf("%d against %d is %d, back %d", i, j, how, back)
				}
			}
		}
		for i := range l.all {
			p := l.place(&l.all[i])
			sum := 1
			for _, a := range p.Ahead {
				sum += a.People
			}
			if p.Number != i+1 || p.Of != len(l.all) || sum != p.Number {
				t.Fatalf("the place of %d is %d of %d, and %d by the rules", i, p.Number, p.Of, sum)
			}
		}
		for i := range all {
			if p := l.place(&all[i]); p.Number == 0 && l.in(&all[i]) || p.Number > 0 && !l.in(&all[i]) {
				t.Fatalf("%+v has place %d", all[i], p.Number)
			}
		}
	})
}

// TestNobodyIsOvertakenWithoutARule: whoever comes to a line, or leaves it, changes
// nothing between the others; and whoever comes stands before somebody only by a
// rule by which they are truly before.
func TestNobodyIsOvertakenWithoutARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, by := people(t), anOrder(t)
		if len(all) == 0 {
			return
		}
		l := lineOf(by, lineDay, all)
		fresh := all[0]
		without := lineOf(by, lineDay, all[1:])
		if got, want := slices.DeleteFunc(tasksOf(l), func(id fhir.ID) bool { return id == fresh.task }), tasksOf(without); !slices.Equal(got, want) {
			t.Fatalf("after somebody came the others are %v, were %v", got, want)
		}
		if !l.in(&fresh) {
			return
		}
		for i := range without.all {
			other := &without.all[i]
			how, rule := l.compare(&fresh, other)
			if how > 0 {
				continue
			}
			truly := map[string]bool{
				"has a date that has come": !fresh.dated.IsZero() && (other.dated.IsZero() || fresh.dated.Before(other.dated)),
				"priority":                 band(fresh.priority) < band(other.priority),
				"longest wait":             fresh.since.Before(other.since),
				"asked first":              fresh.since.Before(other.since),
				"nearest target date":      !fresh.target.IsZero() && (other.target.IsZero() || fresh.target.Before(other.target)),
				"written first":            fresh.task < other.task,
			}[rule.name]
			if !truly {
				t.Fatalf("%+v is before %+v by %q, and is not", fresh, *other, rule.name)
			}
			if (rule.name == "priority" || strings.Contains(rule.name, "wait") || rule.name == "nearest target date") && !slices.Contains(by, rule.name) {
				t.Fatalf("the rule %q is not one of %v", rule.name, by)
			}
		}
	})
}

// TestAPlaceInWords: why this place, without a word of anybody else.
func TestAPlaceInWords(t *testing.T) {
	all := []waiter{
		{task: "a", priority: "routine", since: lineDay.AddDate(0, 0, -20)},
		{task: "b", priority: "routine", since: lineDay.AddDate(0, 0, -10)},
		{task: "c", priority: "urgent", since: lineDay.AddDate(0, 0, -1)},
		{task: "d", priority: "routine", since: lineDay.AddDate(0, 0, -30), until: lineDay.AddDate(0, 0, 5)},
		{task: "e", priority: "routine", since: lineDay.AddDate(0, 0, -2), dated: lineDay.Add(4 * time.Hour)},
	}
	l := lineOf([]string{"priority", "longest wait"}, lineDay, all)
	for _, c := range []struct {
		who  int
		free int
		want string
	}{
		{4, 0, "Place 1 of 4 in the line. No place is free now.|Nobody is ahead."},
		{2, 1, `Place 2 of 4 in the line. 1 place is free now.|1 person is ahead by the rule "has a date that has come"; this one: no date is set.`},
		{1, 2, `Place 4 of 4 in the line. 2 places are free now.|1 person is ahead by the rule "has a date that has come"; this one: no date is set.|1 person is ahead by the rule "priority"; this one: routine, band 4 of 4.|1 person is ahead by the rule "longest wait"; this one: waiting since 2026-01-24.|May go first by the exception "danger": Somebody in danger is seen at once.`},
		{3, -1, "Cannot take a place until 2026-02-08, and is offered none before. The wait counts on."},
	} {
		p := l.place(&all[c.who])
		p.Free = c.free
		if c.who == 1 {
			p.Exceptions = []model.Exception{{ID: "danger", Says: "Somebody in danger is seen at once"}}
		}
		if got := strings.Join(p.Say(), "|"); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", all[c.who].task, got, c.want)
		}
		if next := c.who == 4 && c.free > 0; p.Next() != next {
			t.Errorf("%s is next = %v", all[c.who].task, p.Next())
		}
	}
}
